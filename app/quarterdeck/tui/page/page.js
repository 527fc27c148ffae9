// Opens textual-serve's terminal over the whole page, and says so when there is no console behind it any more.
"use strict";

const FACES = ["", "bold ", "italic ", "italic bold "];
const ENDED = 1000; // what the server closes with when the console was left
const GOING = 1001; // and when it ends itself
const WORDS = {
  ended: "This console has ended.",
  lost: "The connection to this console is lost.",
  gone: "Nothing answers at this address. Start “quarterdeck serve” again: it prints a new one.",
};

const terminal = document.getElementById("terminal");
const again = document.getElementById("again");

// The terminal keeps its connection to itself, and would leave the page as it is when that ends.
window.WebSocket = class extends WebSocket {
  constructor(...wanted) {
    super(...wanted);
    this.addEventListener("open", takeKeys);
    this.addEventListener("close", (event) => tellEnd(event.code));
  }
};

// The terminal answers this event, and nothing else, with what is selected in it.
function selected() {
  const copied = new DataTransfer();
  terminal
    .querySelector(".xterm")
    .dispatchEvent(new ClipboardEvent("copy", { clipboardData: copied, cancelable: true }));
  return copied.getData("text/plain");
}

// To the console, Ctrl+C means to end.
function copyRatherThanEnd(event) {
  const copies = (event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "c";
  const text = copies ? selected() : "";
  if (text) {
    event.preventDefault();
    event.stopPropagation();
    navigator.clipboard.writeText(text);
  }
}

function takeKeys() {
  terminal.querySelector("textarea").focus();
}

async function answers() {
  try {
    return (await fetch(location.pathname, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

async function tellEnd(code) {
  const there = code !== GOING && (await answers());
  document.getElementById("words").textContent = there ? (code === ENDED ? WORDS.ended : WORDS.lost) : WORDS.gone;
  document.body.classList.add("-closed");
  again.focus();
}

again.addEventListener("click", async () => {
  if (await answers()) {
    location.reload();
  } else {
    tellEnd(GOING);
  }
});

terminal.addEventListener("keydown", copyRatherThanEnd, true);

// A click beside the characters takes the keyboard from nothing.
document.addEventListener("mousedown", (event) => {
  if (!event.target.closest(".xterm, #notice")) {
    event.preventDefault();
  }
});

window.addEventListener("load", async () => {
  const address = new URL("ws", location.href);
  address.protocol = "ws:";
  terminal.dataset.sessionWebsocketUrl = address.href;
  // How large a character is, the terminal measures once: its font must be there by then.
  await Promise.allSettled(FACES.map((face) => document.fonts.load(`${face}16px "Roboto Mono"`)));
  const script = document.createElement("script");
  script.src = "static/js/textual.js";
  // It waits for the page to be loaded, which it is already.
  script.addEventListener("load", () => window.onload());
  script.addEventListener("error", () => tellEnd());
  document.head.append(script);
});
