// An Amplify app of one page. Of the backend it knows amplify_outputs.json alone; what is not as in any other app is
// that a caller pastes a development token where they would sign in.
import { decodeJWT } from "aws-amplify/auth";
import { generateClient } from "aws-amplify/data";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import outputs from "./amplify_outputs.json";
import { configureWithToken } from "./development_sign_in.js";
import "./main.css";

const PAGE = 5;
const organizationId = new URLSearchParams(location.search).get("organization");
let token;
configureWithToken(outputs, () => token);
const client = generateClient();

function App() {
  const [username, setUsername] = useState();
  const signIn = (pasted) => {
    token = pasted;
    setUsername(decodeJWT(pasted).payload.username);
  };
  return (
    <main>
      <header>
        <h1>Stockroom</h1>
        {username ? <p>Signed in as {username}</p> : <SignIn onSignIn={signIn} />}
      </header>
      {username && <Products />}
    </main>
  );
}

function SignIn({ onSignIn }) {
  return (
    <form onSubmit={submitted(({ token: pasted }) => onSignIn(pasted.trim()))}>
      <input name="token" aria-label="Development token" placeholder="Development token" required />
      <button>Sign in</button>
    </form>
  );
}

function Products() {
  const [products, setProducts] = useState();
  const [nextToken, setNextToken] = useState();
  const [refusal, setRefusal] = useState();
  const [editing, setEditing] = useState();

  /** What a call to `client.models` gives: its data, or the reason there is none in sight of the reader. */
  const answer = async (call) => {
    const { data, errors, nextToken: next } = await call;
    setRefusal(errors?.map(({ message }) => message).join(" "));
    return errors ? null : { data, next };
  };
  const load = async (after) => {
    const page = client.models.Product.productsByOrganization({ organizationId }, { limit: PAGE, nextToken: after });
    const answered = await answer(page);
    setProducts((before) => [...((after && before) ?? []), ...(answered?.data ?? [])]);
    setNextToken(answered?.next);
  };
  const create = async ({ sku, name, price }, form) => {
    const input = { organizationId, sku, name, price: Number(price), active: true, ratings: [] };
    const answered = await answer(client.models.Product.create(input));
    if (answered) {
      setProducts((before) => [...before, answered.data]);
      form.reset();
    }
  };
  const update = async (id, { name, price }) => {
    const answered = await answer(client.models.Product.update({ id, name, price: Number(price) }));
    if (answered) {
      setProducts((before) => before.map((each) => (each.id === id ? answered.data : each)));
      setEditing();
    }
  };
  const remove = async (id) => {
    if (await answer(client.models.Product.delete({ id }))) {
      setProducts((before) => before.filter((each) => each.id !== id));
    }
  };
  useEffect(() => void load(), []);

  if (!products) return <p role="status">Loading…</p>;
  return (
    <>
      {refusal && <p role="alert">{refusal}</p>}
      <table>
        <thead>
          <tr><th>SKU</th><th>Name</th><th>Price</th><th /></tr>
        </thead>
        <tbody>
          {products.map((product) => (
            <tr key={product.id}>
              {editing === product.id ? (
                <Editor product={product} onSave={update} onCancel={() => setEditing()} />
              ) : (
                <>
                  <td>{product.sku}</td>
                  <td>{product.name}</td>
                  <td>{product.price.toFixed(2)}</td>
                  <td>
                    <button onClick={() => setEditing(product.id)}>Edit</button>
                    <button onClick={() => remove(product.id)}>Delete</button>
                  </td>
                </>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {nextToken && <button onClick={() => load(nextToken)}>More</button>}
      <form className="new" onSubmit={submitted(create)}>
        <input name="sku" aria-label="SKU" placeholder="SKU" required />
        <input name="name" aria-label="Name" placeholder="Name" required />
        <input name="price" aria-label="Price" placeholder="Price" type="number" step="0.01" required />
        <button>Add</button>
      </form>
    </>
  );
}

function Editor({ product, onSave, onCancel }) {
  const form = `edit-${product.id}`;
  return (
    <>
      <td>{product.sku}</td>
      <td><input form={form} name="name" aria-label="New name" defaultValue={product.name} required /></td>
      <td><input form={form} name="price" aria-label="New price" type="number" step="0.01" defaultValue={product.price} /></td>
      <td>
        <form id={form} onSubmit={submitted((values) => onSave(product.id, values))}>
          <button>Save</button>
          <button type="button" onClick={onCancel}>Cancel</button>
        </form>
      </td>
    </>
  );
}

function submitted(act) {
  return (event) => {
    event.preventDefault();
    act(Object.fromEntries(new FormData(event.currentTarget)), event.currentTarget);
  };
}

createRoot(document.getElementById("app")).render(<StrictMode><App /></StrictMode>);
