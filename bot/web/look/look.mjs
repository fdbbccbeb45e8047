// Looks at a running guichet as people see it: takes screenshots on a phone and a desk, in light and dark, with and without
// JavaScript, and checks each page with axe-core. It fails on an accessibility violation or on anything that the pages'
// own content policy refused.
//
//   npm install --no-save playwright-core axe-core
//   GUICHET_STAFF_TOKEN=… node bot/web/look/look.mjs http://127.0.0.1:8080 /tmp/look
//
// The messages below can be changed with MESSAGES='["…","…"]'. CHROMIUM gives the browser's path.
import { chromium } from "playwright-core";
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";

const [base = "http://127.0.0.1:8080", out = "look"] = process.argv.slice(2);
const token = process.env.GUICHET_STAFF_TOKEN;
const messages = JSON.parse(process.env.MESSAGES ?? '["Quelles aides pour exporter ?","Nous sommes 12 à Amiens et cherchons un prêt pour une machine."]');
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
mkdirSync(out, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let faults = 0;

async function visit(name, options, steps) {
  // axe is injected past the content policy, so the policy itself is watched in a context that keeps it.
  const context = await browser.newContext({ locale: "fr-FR", ...options });
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error" && !/status of 4|status of 5/.test(m.text())) { faults++; console.log(`${name}: ${m.text()}`); } });
  page.on("pageerror", (e) => { faults++; console.log(`${name}: ${e}`); });
  const shoot = async (step) => {
    await page.screenshot({ path: `${out}/${name}-${step}.png`, fullPage: true });
    const overflow = options.javaScriptEnabled === false ? 0 :
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) { faults++; console.log(`${name}-${step}: page wider than the screen by ${overflow} px`); }
    if (!options.bypassCSP) return;
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    for (const v of violations) {
      faults++;
      console.log(`${name}-${step}: ${v.id} (${v.impact}) ${v.help}\n  ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? n.all[0]?.message ?? ""}`).join("\n  ")}`);
    }
  };
  await steps(page, shoot);
  await context.close();
}

// talk sends the messages as a person does, and opens the first source.
async function talk(page, shoot) {
  await page.goto(base);
  await shoot("1-start");
  for (const message of messages) {
    const before = await page.locator(".reply").count();
    await page.getByLabel("Votre message").fill(message);
    await page.getByRole("button", { name: "Envoyer", exact: true }).click();
    await page.locator(".reply").nth(before).waitFor();
  }
  const source = page.locator(".reply details").first();
  if (await source.count()) await source.locator("summary").click();
  await shoot("2-conversation");
  const context = page.getByRole("link", { name: "Lire dans son contexte" }).first();
  if (await context.count()) {
    await context.click();
    await shoot("3-document");
  }
}

async function staff(page, shoot) {
  await page.goto(`${base}/agents`);
  await shoot("1-login");
  await page.getByLabel("Votre nom").fill("Agente d’essai");
  await page.getByLabel("Jeton").fill(token);
  await page.getByRole("button", { name: "Entrer" }).click();
  await shoot("2-requests");
  const first = page.locator("tbody a").first();
  if (await first.count()) {
    await first.click();
    await shoot("3-request");
  }
  await page.goto(`${base}/agents/pilotage?decoupage=departement`);
  await shoot("6-steering");
  await page.goto(`${base}/agents/envois`);
  await shoot("4-notices");
  await page.goto(`${base}/agents/questions`);
  await shoot("5-gaps");
}

const phone = { viewport: { width: 360, height: 740 } };
const desk = { viewport: { width: 1280, height: 900 } };
for (const colorScheme of ["light", "dark"]) {
  await visit(`phone-${colorScheme}`, { ...phone, colorScheme, bypassCSP: true }, talk);
  await visit(`desk-${colorScheme}`, { ...desk, colorScheme, bypassCSP: true }, talk);
  if (token) await visit(`staff-${colorScheme}`, { ...desk, colorScheme, bypassCSP: true }, staff);
}
if (token) await visit("staff-phone", { ...phone, bypassCSP: true }, staff);
await visit("policy", desk, talk);
await visit("plain", { ...phone, javaScriptEnabled: false }, talk);
await browser.close();
console.log(faults ? `${faults} fault(s)` : "no fault");
process.exit(faults ? 1 : 0);
