// Who "Execute" sends requests as: a caller that the server offers, or the holder of what "Authorize" was given.
const REMEMBERED = "offramp:caller"; // the label alone: tokens are never stored
const OWN = "Your own token or key";
const SCHEMES = { authorization: "token", "x-api-key": "apiKey" };

/** The bar, and `begin`, which is told of Swagger UI when it has loaded the description. */
export function callerBar(offered) {
  const element = document.createElement("header");
  element.className = "caller-bar";
  const title = document.createElement("h1");
  title.textContent = "Offramp";
  element.append(title);
  if (offered.length === 0) return { element, begin() {} };

  const label = document.createElement("label");
  const select = document.createElement("select");
  for (const name of [...offered.map((each) => each.label), OWN]) select.add(new Option(name));
  select.value = remembered(offered);
  label.append("Caller ", select);
  element.append(label);
  return {
    element,
    begin(ui) {
      const choose = () => authorize(ui, offered.find((each) => each.label === select.value)?.headers ?? {});
      select.addEventListener("change", () => {
        sessionStorage.setItem(REMEMBERED, select.value);
        choose();
      });
      choose();
    },
  };
}

function remembered(offered) {
  const label = sessionStorage.getItem(REMEMBERED);
  return label === OWN || offered.some((each) => each.label === label) ? label : offered[0].label;
}

function authorize(ui, headers) {
  if (ui.authSelectors.authorized()?.size) ui.authActions.logout(Object.values(SCHEMES));
  for (const [name, secret] of Object.entries(headers)) ui.preauthorizeApiKey(SCHEMES[name], secret);
}
