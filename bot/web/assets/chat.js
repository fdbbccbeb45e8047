// Sends the forms of the chat page without leaving it and shows the reply as it comes (text/event-stream over fetch, since
// EventSource cannot post). Without this script the same forms work by loading the page again.
"use strict";

const conversation = document.getElementById("conversation");
const status = document.getElementById("etat");
const alertBox = document.getElementById("alerte");
const compose = document.getElementById("message");
const text = document.getElementById("texte");
let busy = false;

document.querySelectorAll("[data-script]").forEach((hint) => { hint.hidden = false; });

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-send], [data-vote]")) return;
  event.preventDefault();
  if (busy) return;
  const fields = new URLSearchParams(new FormData(form));
  if (event.submitter?.name) fields.append(event.submitter.name, event.submitter.value);
  if (form.matches("[data-vote]")) vote(form, fields);
  else send(form, fields);
});

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  compose.requestSubmit();
});

async function send(form, fields) {
  setBusy(true);
  showAlert("");
  let sent = null; // the person's message, as shown
  let draft = null; // the answer that is being worded, until the reply replaces it
  let settled = false;
  try {
    const response = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "text/event-stream" } });
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      showAlert(await alertOf(response));
      return;
    }
    for await (const { event, data } of events(response.body)) {
      if (event === "received") {
        sent = append(data.html);
        status.replaceChildren(document.getElementById("en-cours").content.cloneNode(true));
      } else if (event === "worded") {
        draft ??= append(document.getElementById("brouillon").innerHTML);
        draft.lastElementChild.insertAdjacentHTML("beforeend", data.html);
        draft.scrollIntoView({ block: "nearest" });
      } else if (event === "problem") {
        settled = true;
        sent?.remove();
        showAlert(data.html);
      } else if (event === "reply") {
        settled = true;
        draft?.remove();
        showReply(form, data);
      }
    }
  } catch (error) {
    console.error(error);
  } finally {
    draft?.remove();
    if (!settled && !alertBox.hasChildNodes()) {
      sent?.remove();
      showAlert(document.getElementById("panne").innerHTML);
    }
    setBusy(false);
  }
}

function showReply(form, { html, nonce }) {
  // Only the last reply can be answered, and the examples are for those who have written nothing.
  document.querySelectorAll("#derniere").forEach((old) => old.removeAttribute("id"));
  const hadFocus = !compose.contains(document.activeElement);
  conversation.querySelectorAll(".choices").forEach((choices) => choices.remove());
  document.getElementById("exemples")?.remove();
  const reply = append(html);
  document.querySelectorAll('input[name="page"]').forEach((input) => { input.value = nonce; });
  if (form === compose) compose.reset();
  // Whoever typed goes on typing; whoever pressed a button that is gone is taken to the reply.
  if (hadFocus) reply.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  (reply.previousElementSibling ?? reply).scrollIntoView({ behavior: calm ? "auto" : "smooth", block: "start" });
}

async function vote(form, fields) {
  setBusy(true);
  try {
    const response = await fetch(form.action, { method: "POST", body: fields });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = page.getElementById(form.id);
    if (!response.ok || !next) {
      showAlert(page.getElementById("alerte")?.innerHTML ?? "");
      return;
    }
    form.replaceWith(next);
    next.focus({ preventScroll: true });
  } catch (error) {
    console.error(error);
    showAlert(document.getElementById("panne").innerHTML);
  } finally {
    setBusy(false);
  }
}

// events reads a stream of events, each with JSON data in one line.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (pending + value).split("\n\n");
    pending = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      yield { event: fields.event, data: JSON.parse(fields.data) };
    }
  }
}

// alertOf gives the alert of an error page.
async function alertOf(response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return page.getElementById("alerte")?.innerHTML || document.getElementById("panne").innerHTML;
}

// append adds a piece of page that the server rendered, escaped, to the conversation.
function append(html) {
  conversation.insertAdjacentHTML("beforeend", html);
  return conversation.lastElementChild;
}

function showAlert(html) {
  alertBox.innerHTML = html;
  text.toggleAttribute("aria-invalid", html !== "");
  if (html) {
    text.setAttribute("aria-invalid", "true");
    alertBox.scrollIntoView({ block: "nearest" });
  }
}

function setBusy(value) {
  busy = value;
  conversation.setAttribute("aria-busy", String(value));
  if (!value) status.replaceChildren();
}
