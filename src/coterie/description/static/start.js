// Shows /openapi.json with Swagger UI. Calls go to the origin that served this page, whatever address the
// server has for others: the page's Content-Security-Policy lets it talk to no other.
"use strict";

async function start() {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}.`);
  const spec = await response.json();
  spec.servers = [{ url: location.origin }];
  spec.components.securitySchemes.OAuth2.flows.clientCredentials.tokenUrl = `${location.origin}/oauth/token`;
  SwaggerUIBundle({
    spec,
    dom_id: "#page",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    defaultModelsExpandDepth: 0,
    validatorUrl: null,
  });
}

start().catch((error) => {
  document.getElementById("page").textContent = `The API document can't be shown. ${error.message}`;
});
