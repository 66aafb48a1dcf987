// A user visits the page of examples/copilotkit: node copilotkit_in_chromium.mjs VISIT URL CHROMIUM FOLDER
// VISIT: `chat` holds a conversation, `unanswered` asks while the gateway is down. Leaves screenshots in FOLDER; prints one line of JSON: what the user saw, and what went over the wire.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [visit, url, executablePath, folder] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  viewport: { width: 1280, height: 800 },
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  const seen = observe(page);
  await page.goto(url);
  await page.getByTestId("copilot-suggestion").first().waitFor(); // the chat knows its agent
  await { chat, unanswered }[visit](page, seen);
  console.log(JSON.stringify({ ...seen, runs: await Promise.all(seen.runs) }));
} finally {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
}

async function chat(page, seen) {
  await page.evaluate(noteGrowth);
  await ask(page, "Count from 1 to 20", /\b20\b/);
  seen.grown = await page.evaluate(() => globalThis.grown);
  await page.screenshot({ path: join(folder, "text.png") });
  await ask(page, "What is 42 times 17?", /714/);
  seen.calculator = await readCard(page, "calculator");
  await page.screenshot({ path: join(folder, "tool.png") });
  seen.before = await background(page);
  await ask(page, "Set the background color to light green", /light green/);
  await page.locator("main").evaluate((main) => Promise.all(main.getAnimations().map(({ finished }) => finished)));
  seen.after = await background(page);
  seen.painted = await readCard(page, "set_background_color");
  await page.screenshot({ path: join(folder, "client-tool.png") });
  await ask(page, "What is 6 times 7?", /\b42\b/);
  await page.screenshot({ path: join(folder, "afterwards.png") });
}

async function unanswered(page, seen) {
  await send(page, "What is 42 times 17?");
  seen.alert = await page.getByRole("alert").innerText();
  await page.screenshot({ path: join(folder, "unanswered.png") });
}

/** Note what the page says to the console and to the network. */
function observe(page) {
  const seen = { complaints: [], hosts: [], runs: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(error.message));
  page.on("request", (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol.startsWith("http") && !seen.hosts.includes(host)) seen.hosts.push(host);
  });
  page.on("response", (response) => {
    if (response.url().endsWith("/run")) seen.runs.push(readEvents(response));
  });
  return seen;
}

async function readEvents(response) {
  const frames = (await response.text()).split("\n\n").filter((frame) => frame.startsWith("data: "));
  return frames.map((frame) => JSON.parse(frame.slice("data: ".length)));
}

/** Send a message, and wait until it is answered and the next one may be sent. */
async function ask(page, question, answer) {
  const answers = page.getByTestId("copilot-assistant-message");
  const count = await answers.count();
  await send(page, question);
  await page.waitForFunction((less) => {
    return document.querySelectorAll('[data-testid="copilot-assistant-message"]').length > less;
  }, count);
  await answers.last().filter({ hasText: answer }).waitFor();
  await page.locator('[data-copilot-running="false"]').waitFor();
}

async function send(page, question) {
  const input = page.getByTestId("copilot-chat-textarea");
  await input.fill(question);
  await input.press("Enter");
  await page.getByTestId("copilot-user-message").filter({ hasText: question }).waitFor();
}

async function readCard(page, tool) {
  const card = page.locator(`[data-tool="${tool}"][data-status="complete"]`);
  const [asked, result] = [await card.locator("dd").innerText(), await card.locator("output").innerText()];
  return { asked, result };
}

function background(page) {
  return page.locator("main").evaluate((main) => getComputedStyle(main).backgroundColor);
}

/** Runs inside the page: keeps every text that the newest answer showed while it grew. */
function noteGrowth() {
  globalThis.grown = [];
  new MutationObserver(() => {
    const text = [...document.querySelectorAll('[data-testid="copilot-assistant-message"]')].at(-1)?.textContent ?? "";
    if (text && text !== globalThis.grown.at(-1)) globalThis.grown.push(text);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}
