// The page: Swagger UI below a bar that says who asks.
import SwaggerUI from "swagger-ui";
import "swagger-ui/dist/swagger-ui.css";
import "./page.css";
import { callerBar } from "./callers.js";
import { gradually } from "./description.js";

const { description, callers } = JSON.parse(document.getElementById("settings").textContent);

const page = document.getElementById("page");
const reference = document.createElement("main");
const bar = callerBar(callers);
page.replaceChildren(bar.element, reference);

fetch(description)
  .then((answer) => answer.json())
  .then(show);

function show(whole) {
  const { spec, plugin } = gradually(whole);
  const ui = SwaggerUI({
    domNode: reference,
    spec,
    plugins: [plugin],
    deepLinking: true,
    defaultModelsExpandDepth: -1, // each body shows its schema; the list of all of them is long
    displayOperationId: true,
    displayRequestDuration: true,
    docExpansion: "none",
    filter: true,
    persistAuthorization: false, // tokens are never stored
    requestSnippetsEnabled: true,
    showExtensions: false,
    syntaxHighlight: { activated: true, theme: "idea" },
    tryItOutEnabled: true,
    validatorUrl: null, // it would be another host
    onComplete: () => bar.begin(ui),
  });
}
