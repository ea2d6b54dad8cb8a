// The built program, and an InstaView that answers as a test says.

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

// PROGRAM is the path of the built program.
export const program = process.env.PROGRAM;
if (!program) throw new Error("set PROGRAM to the path of the built program");

const run = promisify(execFile);

const folders = [];
process.on("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true })));

// savePage writes a run as a page and returns its text and its file, which
// lasts as long as the tests.
export async function savePage(requestId, { env = {}, flags = ["--demo"] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "shortlist-"));
  folders.push(folder);
  const file = join(folder, "shortlist.html");
  await run(program, [...flags, "call", "get_sourcing_results", "request_id=" + requestId, "--html", file], { env: { PATH: process.env.PATH, ...env }, maxBuffer: 1 << 26 });
  return { file, text: await readFile(file, "utf8") };
}

// instaView serves runs, by request id, as InstaView's results endpoint does.
// Its env makes the program ask it.
export async function instaView(test, runs) {
  const server = createServer((request, response) => {
    const id = decodeURIComponent(request.url.split("/").at(-2));
    const body = runs[id];
    response.writeHead(body ? (body.status === "processing" ? 202 : 200) : 404, { "Content-Type": "application/json" });
    response.end(JSON.stringify(body ? { requestId: id, ...body } : { error: { code: "REQUEST_NOT_FOUND" } }));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    env: { INSTAVIEW_API_KEY: "sk_live_browser_tests", INSTAVIEW_BASE_URL: `http://127.0.0.1:${server.address().port}`, INSTAVIEW_REQUESTS_PER_MINUTE: "10000" },
    flags: [],
  };
}

// completed returns a run of these candidates, as the API sends it.
export const completed = (candidates) => ({
  status: "completed", createdAt: "2026-05-20T13:00:00Z", completedAt: "2026-05-20T13:01:19Z",
  foundCount: candidates.length, scoredCount: candidates.length, candidates,
});

// dataOf returns the data that a page holds.
export const dataOf = (text) => JSON.parse(text.match(/<script id="data" type="application\/json">(.*?)<\/script>/s)[1]);
