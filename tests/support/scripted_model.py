"""A scripted model on this machine, so that real agents can be run without a network or a key.

It speaks enough of four wire formats: Anthropic messages (Claude Code), OpenAI responses (Codex), OpenAI chat
(OpenCode, Qwen Code, Copilot CLI, pi, Aider) and Gemini. What it answers is chosen by the last line of the prompt:

    say: TEXT     slow: SECONDS (streams words)     think: SECONDS (silence, then words)
    run: COMMAND (calls the shell tool)             ask (calls the tool that asks the user)     badrequest (HTTP 400)
    ask: many (several may be chosen)               ask: two (two questions at once)            ask: open (no choices)
    plan (calls the tool that has a plan approved)  edit: FILE (calls the tool that writes a file)
    agent: PROMPT (starts a subagent behind)        behind: COMMAND (runs it in the background)
    error (HTTP 500 at every try)                   limit: SECONDS (HTTP 429: a quota that is back after so long)
"""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple, cast

from quarterdeck.ports.clock import wall_clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

Json = dict[str, object]

DIRECTIVE = re.compile(
    r"^\s*(?:My request: )?(say|slow|think|run|ask|plan|edit|agent|behind|error|limit|badrequest)"
    r"(?::[ \t]*(.*?)|[ \t]*)\s*$",
    re.MULTILINE,
)
REMINDERS = ("<system-reminder>", "<environment_context>", "<session_context>")
SHELLS = ("Bash", "exec_command", "shell_command", "bash", "run_shell_command", "run_commands")
ASKERS = ("AskUserQuestion", "request_user_input", "question", "ask_user", "ask_user_question", "ask_question")
WRITERS = ("Write", "apply_patch", "write", "write_file", "create", "editor")
PLANNERS = ("ExitPlanMode", "exit_plan_mode", "plan_exit")
COLOURS = [{"label": "Red", "description": "A red button"}, {"label": "Blue", "description": "A blue button"}]
SIZES = [{"label": size, "description": f"A {size.lower()} one"} for size in ("Small", "Middle", "Large", "Huge")]
PLAN = "# The plan\n\n1. Paint it blue.\n2. Look at it.\n"
REFUSALS = {"badrequest": 400, "error": 500, "limit": 429}
REFUSED = {
    400: ("invalid_request_error", "INVALID_ARGUMENT"),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED"),
    500: ("api_error", "INTERNAL"),
}
ESCALATED = {"sandbox_permissions": "require_escalated", "justification": "Run it?"}


class Answer(NamedTuple):
    """What the model says, or the tool it calls."""

    pieces: list[tuple[float, str]]
    tool: str = ""
    arguments: Json = {}  # noqa: RUF012 - never changed
    refused: int = 0
    """The HTTP status it is refused with."""
    retry_in: str = ""
    """Seconds after which it may be tried again, where that is told."""


def objects(value: object) -> list[Json]:
    """The objects in a list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def words_of(content: object) -> str:
    """The user's own words in a message's content."""
    texts = [content] if isinstance(content, str) else [str(part.get("text") or "") for part in objects(content)]
    return "\n".join(text for text in texts if not text.lstrip().startswith(REMINDERS))


def questions(asker: str, kind: str) -> list[Json]:
    """What an agent's tool is told to ask: for `many` several choices may be taken, `two` are two questions."""
    colour: Json = {"question": "Which colour?", "header": "Colour", "options": COLOURS}
    sizes: Json = {"question": "Which sizes?", "header": "Sizes", "options": SIZES}
    asked = {"many": [sizes], "two": [colour, sizes], "open": [{**colour, "options": []}]}.get(kind, [colour])
    for each in asked:
        is_many = kind == "many"
        more: dict[str, Json] = {
            "AskUserQuestion": {"multiSelect": is_many},
            "ask_user_question": {"multiSelect": is_many},
            "ask_user": {"type": "choice" if each["options"] else "text", "multiSelect": is_many},
            "question": {"multiple": is_many},
            "request_user_input": {"id": str(each["header"]).lower()},
        }
        each |= more.get(asker, {})
    return asked


def form(kind: str) -> Json:
    """What Copilot CLI's tool is told to ask: a form to fill in."""
    colour: Json = {"type": "string", "title": "Which colour?", "enum": ["Red", "Blue"]}
    labels = [size["label"] for size in SIZES]
    sizes: Json = {"type": "string", "title": "Which sizes?", "enum": labels}
    many: Json = {"type": "array", "title": "Which sizes?", "items": {"type": "string", "enum": labels}}
    asked: dict[str, dict[str, Json]] = {
        "many": {"sizes": many},
        "two": {"colour": colour, "sizes": sizes},
        "open": {"colour": {"type": "string", "title": "Which colour?"}},
    }
    fields = asked.get(kind, {"colour": colour})
    return {"message": "Say it:", "requestedSchema": {"properties": fields, "required": list(fields)}}


def written(writer: str, file: str) -> Json:
    """What an agent's tool is told to write."""
    if writer == "apply_patch":
        return {"patchText": f"*** Begin Patch\n*** Add File: {file}\n+one\n+two\n*** End Patch"}
    text = "one\ntwo\n"
    if writer == "Write":
        return {"file_path": file, "content": text}
    if writer == "create":
        return {"path": file, "file_text": text}
    if writer == "editor":
        return {"path": file, "new_text": text}
    return {"file_path": file, "filePath": file, "path": file, "content": text}


def answer(prompt: str, tools: list[str], *, after_tool: bool) -> Answer:
    """What to answer."""
    if after_tool:
        return Answer([(0, "Finished after the tool result.")])
    if not tools:
        return Answer([(0, "Scripted title")])
    verb, what = (DIRECTIVE.findall(prompt) or [("say", "OK.")])[-1]
    shell = next((name for name in SHELLS if name in tools), "")
    asker = next((name for name in ASKERS if name in tools), "")
    # Claude Code takes it although it does not offer it before it has been searched for.
    writer = next((name for name in WRITERS if name in tools), "")
    planner = next((name for name in PLANNERS if name in tools), "ExitPlanMode" if "ToolSearch" in tools else "")
    if verb in REFUSALS:
        return Answer([], refused=REFUSALS[verb], retry_in=what)
    if verb == "slow":
        return Answer([(0.25, f"word{number} ") for number in range(int(float(what) * 4))])
    if verb == "think":
        return Answer([(float(what), "Thought about it.")])
    if verb == "run" and shell:
        command: Json = {"cmd": what} if shell == "exec_command" else {"command": what, "description": "Scripted"}
        if shell == "run_commands":
            command = {"commands": [what]}
        return Answer([], shell, command | (ESCALATED if shell in {"exec_command", "shell_command"} else {}))
    if verb == "behind" and shell:
        return Answer([], shell, {"command": what, "description": "Scripted", "run_in_background": True})
    if verb == "agent" and "Agent" in tools:
        does: Json = {"description": "Scripted", "prompt": what, "subagent_type": "general-purpose"}
        return Answer([], "Agent", does | {"run_in_background": True})
    if verb == "edit" and writer:
        return Answer([], writer, written(writer, what))
    if verb == "ask" and asker == "ask_user" and "read_bash" in tools:
        return Answer([], asker, form(what))
    if verb == "ask" and asker == "ask_question":
        return Answer([], asker, {"question": "Which colour?", "options": ["Red", "Blue"]})
    if verb == "ask" and asker:
        return Answer([], asker, {"questions": questions(asker, what)})
    if verb == "plan" and planner:
        return Answer([], planner, {"summary" if "task_complete" in tools else "plan": PLAN})
    return Answer([(0, what or "OK.")])


def in_words(prompt: str) -> Answer:
    """What to answer an agent that takes commands and edits out of the words, as Aider does."""
    verb, what = (DIRECTIVE.findall(prompt) or [("say", "OK.")])[-1]
    fence = "```"
    if verb == "run":
        return Answer([(0, f"Run this:\n\n{fence}bash\n{what}\n{fence}\n")])
    if verb == "edit":
        return Answer([(0, f"{what}\n{fence}\n<<<<<<< SEARCH\n=======\none\ntwo\n>>>>>>> REPLACE\n{fence}\n")])
    return answer(prompt, ["none of ours"], after_tool=False)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""

    def do_GET(self) -> None:
        """Lists of models."""
        self.give({"object": "list", "data": [{"id": "mock-model", "object": "model"}], "models": []})

    def do_HEAD(self) -> None:
        """Whether we are there."""
        self.give({})

    def do_POST(self) -> None:
        """A model call."""
        _Handler.count += 1
        try:
            body = cast("Json", json.loads(self.body() or b"{}"))
        except ValueError:
            body = {}
        path = self.path.partition("?")[0]
        try:
            if path.endswith("/messages"):
                self.anthropic(body)
            elif path.endswith("/responses"):
                self.openai(body)
            elif path.endswith("/chat/completions"):
                self.chat(body)
            elif "enerateContent" in path:
                self.gemini(body)
            else:
                self.give({"input_tokens": 1, "totalTokens": 1})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the agent was interrupted

    def body(self) -> bytes:
        """The request's bytes, however they were sent."""
        if self.headers.get("Content-Length"):
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            size = int(self.rfile.readline().strip() or b"0", 16)
            parts.append(self.rfile.read(size))
            self.rfile.readline()
            if not size:
                break
        return b"".join(parts)

    def give(self, value: Json, status: int = 200) -> None:
        """One answer, whole."""
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def refuse(self, told: Answer) -> None:
        """An HTTP error."""
        kind, status = REFUSED[told.refused]
        error: Json = {"type": kind, "code": told.refused, "message": "refused", "status": status}
        if told.retry_in:
            error["message"] = f"You exceeded your current quota. Please retry in {told.retry_in}s."
            retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{told.retry_in}s"}
            error["details"] = [retry]
        if told.retry_in and self.path.endswith("/responses"):
            # As OpenAI tells that a plan's limit is used up.
            resets_at = int(wall_clock().timestamp() + float(told.retry_in))
            error = {"type": "usage_limit_reached", "plan_type": "plus", "resets_at": resets_at}
        self.give({"type": "error", "error": error}, told.refused)

    def stream(self) -> None:
        """Begin an answer in events."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def event(self, value: Json | str, name: str = "") -> None:
        """One event."""
        data = value if isinstance(value, str) else json.dumps(value)
        self.wfile.write(((f"event: {name}\n" if name else "") + f"data: {data}\n\n").encode())
        self.wfile.flush()

    def spoken(self, told: Answer) -> Iterator[str]:
        """The pieces of an answer, at their times."""
        for seconds, piece in told.pieces:
            time.sleep(seconds)
            yield piece

    def anthropic(self, body: Json) -> None:
        """Claude Code."""
        last = [message for message in objects(body.get("messages")) if message.get("role") == "user"][-1]["content"]
        done = any(part.get("type") == "tool_result" for part in objects(last)) and not DIRECTIVE.search(words_of(last))
        tools = [str(tool.get("name")) for tool in objects(body.get("tools"))]
        told = answer(words_of(last), tools, after_tool=done)
        if told.refused:
            return self.refuse(told)
        usage = {"input_tokens": 100, "output_tokens": 7}
        head = {"id": f"msg_{self.count}", "type": "message", "role": "assistant", "model": body.get("model")}
        block: Json = {"type": "text", "text": ""}
        if told.tool:
            block = {"type": "tool_use", "id": f"toolu_{self.count}", "name": told.tool, "input": {}}
        stop = "tool_use" if told.tool else "end_turn"
        if not body.get("stream"):
            block |= {"input": told.arguments} if told.tool else {"text": "".join(self.spoken(told))}
            return self.give({**head, "content": [block], "usage": usage, "stop_reason": stop})
        self.stream()

        def send(kind: str, **more: object) -> None:
            self.event({"type": kind, **more}, kind)

        send("message_start", message={**head, "content": [], "stop_reason": None, "usage": usage})
        send("content_block_start", index=0, content_block=block)
        if told.tool:
            delta = {"type": "input_json_delta", "partial_json": json.dumps(told.arguments)}
            send("content_block_delta", index=0, delta=delta)
        for piece in self.spoken(told):
            send("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        send("content_block_stop", index=0)
        send("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage=usage)
        return send("message_stop")

    def openai(self, body: Json) -> None:
        """Codex."""
        items = objects(body.get("input"))
        done = bool(items) and str(items[-1].get("type", "")).endswith("_output")
        prompts = [words_of(item.get("content")) for item in items if item.get("role") == "user"]
        tools = [str(tool.get("name") or tool.get("type")) for tool in objects(body.get("tools"))]
        told = answer(next((text for text in reversed(prompts) if text.strip()), ""), tools, after_tool=done)
        if told.refused:
            return self.refuse(told)
        self.stream()

        def send(kind: str, **more: object) -> None:
            self.event({"type": kind, **more}, kind)

        response = {"id": f"resp_{self.count}", "object": "response"}
        send("response.created", response={**response, "status": "in_progress", "output": []})
        item: Json = {"type": "message", "id": f"msg_{self.count}", "role": "assistant", "content": []}
        if told.tool:
            call = {"call_id": f"call_{self.count}", "name": told.tool, "arguments": json.dumps(told.arguments)}
            item = {"type": "function_call", "id": f"fc_{self.count}", "status": "completed", **call}
        send("response.output_item.added", output_index=0, item=item)
        whole = ""
        for piece in self.spoken(told):
            whole += piece
            send("response.output_text.delta", item_id=item["id"], output_index=0, content_index=0, delta=piece)
        if not told.tool:
            item = {**item, "status": "completed", "content": [{"type": "output_text", "text": whole}]}
        send("response.output_item.done", output_index=0, item=item)
        usage = {"input_tokens": 100, "output_tokens": 7, "total_tokens": 107}
        done_response = {**response, "status": "completed", "output": [item], "usage": usage}
        return send("response.completed", response=done_response)

    def chat(self, body: Json) -> None:
        """OpenCode."""
        messages = objects(body.get("messages"))
        last = [message for message in messages if message.get("role") == "user"][-1]
        tools = [str(cast("Json", tool.get("function", {})).get("name")) for tool in objects(body.get("tools"))]
        prompt = words_of(last.get("content"))
        told = answer(prompt, tools, after_tool=messages[-1].get("role") == "tool")
        if not tools and "OpenAI/Python" in (self.headers.get("User-Agent") or ""):
            told = in_words(prompt)
        if told.refused:
            return self.refuse(told)
        if not body.get("stream"):
            whole: Json = {"role": "assistant", "content": "Scripted title"}
            choice = {"index": 0, "message": whole, "finish_reason": "stop"}
            return self.give({"id": "chat", "object": "chat.completion", "model": "mock-model", "choices": [choice]})
        self.stream()
        base: Json = {"id": f"chat_{self.count}", "object": "chat.completion.chunk", "model": body.get("model")}

        def send(delta: Json, finish: str | None = None) -> None:
            self.event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        send({"role": "assistant", "content": ""})
        if told.tool:
            function = {"name": told.tool, "arguments": json.dumps(told.arguments)}
            send({"tool_calls": [{"index": 0, "id": f"call_{self.count}", "type": "function", "function": function}]})
        for piece in self.spoken(told):
            send({"content": piece})
        send({}, "tool_calls" if told.tool else "stop")
        self.event(
            {**base, "choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}}
        )
        return self.event("[DONE]")

    def gemini(self, body: Json) -> None:
        """Gemini CLI."""
        parts = objects(objects(body.get("contents"))[-1].get("parts"))
        declared = [each for tool in objects(body.get("tools")) for each in objects(tool.get("functionDeclarations"))]
        tools = [str(each.get("name")) for each in declared]
        told = answer(words_of(parts), tools, after_tool=any("functionResponse" in part for part in parts))
        if told.refused:
            return self.refuse(told)
        usage = {"promptTokenCount": 100, "candidatesTokenCount": 7, "totalTokenCount": 107}

        def chunk(part: Json, *, last: bool) -> Json:
            candidate: Json = {"content": {"role": "model", "parts": [part]}, "index": 0}
            candidate |= {"finishReason": "STOP"} if last else {}
            return {"candidates": [candidate], **({"usageMetadata": usage} if last else {})}

        call: Json = {"functionCall": {"name": told.tool, "args": told.arguments}}
        if "stream" not in self.path:
            text = '{"reasoning": "x", "next_speaker": "user"}' if not tools else "".join(self.spoken(told))
            return self.give(chunk(call if told.tool else {"text": text}, last=True))
        self.stream()
        if told.tool:
            return self.event(chunk(call, last=True))
        for piece in self.spoken(told):
            self.event(chunk({"text": piece}, last=False))
        return self.event(chunk({"text": "."}, last=True))


class ScriptedModel:
    """The server, as a context manager; `url` is where it listens."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedModel:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
