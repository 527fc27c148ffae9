from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.private_words import LONGEST_TEXT, PrivateWords

WORDS = PrivateWords(
    homes=("/home/maria", "/tmp/lab/home", "/"), user="maria", hosts=("bastion", "3d1219c7c4c5404aaa1f6d2a48adfda4")
)


def test_homes_names_and_ports_are_not_told() -> None:
    assert WORDS.hide("/home/maria/web and /home/marianne") == "$HOME/web and /home/marianne"
    assert WORDS.hide("-home-maria-src-web") == "-HOME-src-web"
    assert WORDS.hide("cd /tmp/lab/home/work") == "cd $HOME/work"
    assert WORDS.hide("Maria@bastion: ask maria, not mariachi") == "USER@HOST: ask USER, not mariachi"
    assert WORDS.hide("linux:3d1219c7c4c5404aaa1f6d2a48adfda4:pid") == "linux:HOST:pid"
    assert WORDS.hide("127.0.0.1:41873 localhost:9 --port 4000 [::1]:7 10.0.0.1:80") == (
        "127.0.0.1:$PORT localhost:$PORT --port $PORT [::1]:$PORT 10.0.0.1:80"
    )


def test_a_name_that_says_nothing_stays() -> None:
    words = PrivateWords(homes=("/root",), user="root", hosts=("localhost", ""))

    assert words.hide("/root/web as root at localhost") == "$HOME/web as root at localhost"


def test_on_a_screen_what_follows_stays_in_its_column() -> None:
    screen = "│ /home/maria/web │\n│ /home/ma │\n│ ria/web  │ maria  │ bastion │\n/home/mar\nia"

    hidden = WORDS.hide_on_screen(screen)

    assert hidden == "│ $HOME______/web │\n│ $HOME___ │\n│ ___/web  │ USER_  │ HOST___ │\n$HOME____\n__"


def test_secrets_are_masked_in_texts_values_and_command_lines() -> None:
    key = "sk-ant-api03-" + "aB3dE5fG7h" * 6
    value = {"env": {"ANTHROPIC_API_KEY": "whatever it is", "PATH": "/home/maria/bin"}, "said": [f"use {key}"], "n": 1}

    hidden = WORDS.hide_in(value)

    assert key not in json.dumps(hidden)
    assert hidden["env"] == {"ANTHROPIC_API_KEY": "[redacted]", "PATH": "$HOME/bin"}
    assert hidden["n"] == 1
    assert WORDS.hide_argv(("agent", "--api-key", "hunter2", "--cwd", "/home/maria")) == [
        "agent", "--api-key", "[redacted]", "--cwd", "$HOME",
    ]  # fmt: skip


def test_what_is_long_is_cut_and_says_so() -> None:
    hidden = WORDS.hide_in(["x " * LONGEST_TEXT])

    assert len(hidden[0]) < 300
    assert hidden[0].endswith("(3000 characters in all)")


def test_depth_without_end_ends() -> None:
    value: object = "/home/maria"
    for _ in range(200):
        value = [value]

    assert "maria" not in json.dumps(WORDS.hide_in(value))


@given(st.text(alphabet="/homeari-\n│ x"))
def test_no_home_is_left_however_it_is_broken(text: str) -> None:
    hidden = WORDS.hide_on_screen(text)

    assert "/home/maria/" not in hidden
    assert list(map(len, hidden.split("\n"))) == list(map(len, text.split("\n")))
