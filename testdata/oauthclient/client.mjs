// Logs in with the TypeScript SDK, and lists, gets and waits with the tokens
// that it gets and renews. Arguments: the endpoint and the seconds of the wait.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";

const [endpoint, seconds] = process.argv.slice(2);
const redirectUrl = "http://127.0.0.1:9/callback";
let granted, verifier, loginURL;

const authProvider = {
  redirectUrl,
  clientMetadata: { redirect_uris: [redirectUrl] },
  clientInformation: () => ({ client_id: "instaview-tests" }),
  tokens: () => granted,
  saveTokens: (tokens) => { granted = tokens; },
  redirectToAuthorization: (url) => {
    // The SDK asks for no more than the scope of status 401, which would get no
    // refresh token.
    url.searchParams.set("scope", url.searchParams.get("scope") + " offline_access");
    loginURL = url;
  },
  saveCodeVerifier: (v) => { verifier = v; },
  codeVerifier: () => verifier,
};

// logIn does what a person does in a browser, and returns the code.
async function logIn(address) {
  for (let i = 0; i < 5; i++) {
    const answer = await fetch(address, { redirect: "manual" });
    address = new URL(answer.headers.get("location"), address);
    if (address.href.startsWith(redirectUrl)) return address.searchParams.get("code");
  }
  throw new Error("no end of redirects");
}

const open = () => new StreamableHTTPClientTransport(new URL(endpoint), { authProvider });
const client = () => new Client({ name: "test", version: "1" });
let transport = open();
try {
  await client().connect(transport);
  throw new Error("connected without a token");
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error;
}
await transport.finishAuth(await logIn(loginURL));
const session = client();
await session.connect(open());
const first = granted.access_token;
const { tools } = await session.listTools();
const call = (name, args) => session.callTool({ name, arguments: args }, undefined, { timeout: 90_000 });
const got = await call("get_sourcing_results", { request_id: "req_demo_done" });
const waited = await call("wait_for_sourcing", { request_id: "req_demo_slow", max_wait_seconds: Number(seconds) });
await new Promise((resolve) => setTimeout(resolve, 35_000)); // the token is refused 30 s after its end
const again = await call("get_sourcing_results", { request_id: "req_demo_done" });
console.log(JSON.stringify({
  tools: tools.map((tool) => tool.name), got: got.content[0].text, waited: waited.content[0].text, again: again.content[0].text,
  renewed: granted.access_token !== first,
}));
await session.close();
