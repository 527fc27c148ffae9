"""What is masked, by kind, each in the surroundings in which terminals show it; and what only looks alike."""

from __future__ import annotations

import random
import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import secret_rules
from quarterdeck.core.redact import REDACTED, redact
from quarterdeck.core.secret_rules import COMPANIES, FORMAT_RULES
from quarterdeck.core.secret_shapes import _BEGINNINGS
from quarterdeck.core.secret_spans import _rules
from quarterdeck.core.text import clean_sgr

# All are drawn here, so that no scanner takes this file for a leak.
DRAW = random.Random(20)
MIXED = string.ascii_letters + string.digits


def drawn(length: int, signs: str = MIXED) -> str:
    return "".join(DRAW.choice(signs) for _ in range(length - 1)) + "7"


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
PEM = "-----BEGIN {0}-----\n{1}\n{2}\n-----END {0}-----"

TOKENS = {
    "openai": "sk-" + "proj-" + drawn(48),
    "anthropic": "sk-" + "ant-api03-" + drawn(40) + "-" + drawn(20),
    "openrouter": "sk-" + "or-v1-" + drawn(64, HEX),
    "groq": "gsk" + "_" + drawn(52),
    "xai": "xai" + "-" + drawn(60),
    "perplexity": "pplx" + "-" + drawn(48),
    "hugging face": "hf" + "_" + drawn(34),
    "replicate": "r8" + "_" + drawn(37),
    "github classic": "ghp" + "_" + drawn(36),
    "github oauth": "gho" + "_" + drawn(36),
    "github app": "ghs" + "_" + drawn(36),
    "github fine-grained": "github" + "_pat_" + drawn(22) + "_" + drawn(59),
    "gitlab": "glpat" + "-" + drawn(20),
    "gitlab runner": "glrt" + "-" + drawn(20),
    "aws id": "AKIA" + drawn(16, UPPER),
    "aws session id": "ASIA" + drawn(16, UPPER),
    "google": "AIza" + drawn(35),
    "google oauth": "ya29" + "." + drawn(60),
    "google client": "GOCSPX" + "-" + drawn(28),
    "stripe": "sk" + "_live_" + drawn(24),
    "stripe restricted": "rk" + "_live_" + drawn(24),
    "stripe test": "sk" + "_test_" + drawn(24),
    "stripe hook": "whsec" + "_" + drawn(32),
    "npm": "npm" + "_" + drawn(36),
    "pypi": "pypi" + "-AgEIcHlwaS5vcmc" + drawn(80),
    "rubygems": "rubygems" + "_" + drawn(48, HEX),
    "docker": "dckr" + "_pat_" + drawn(27),
    "digitalocean": "dop" + "_v1_" + drawn(64, HEX),
    "linear": "lin" + "_api_" + drawn(40),
    "notion": "ntn" + "_" + drawn(46),
    "figma": "figd" + "_" + drawn(40),
    "slack bot": "xoxb" + "-123456789012-123456789012-" + drawn(24),
    "slack app": "xapp" + "-1-A0123456789-1234567890123-" + drawn(40, HEX),
    "discord": "M" + drawn(25) + "." + drawn(6) + "." + drawn(38),
    "telegram": "123456789" + ":A" + drawn(34),
    "twilio": "SK" + drawn(32, HEX),
    "sendgrid": "SG" + "." + drawn(22) + "." + drawn(43),
    "mailgun": "key" + "-" + drawn(32, HEX),
    "mailchimp": drawn(32, HEX) + "-us21",
    "shopify": "shpat" + "_" + drawn(32, HEX),
    "square": "sq0atp" + "-" + drawn(22),
    "databricks": "dapi" + drawn(32, HEX),
    "vault": "hvs" + "." + drawn(95),
    "doppler": "dp.pt" + "." + drawn(43),
    "grafana": "glsa" + "_" + drawn(32) + "_" + drawn(8, HEX),
    "new relic": "NRAK" + "-" + drawn(27, UPPER),
    "postman": "PMAK" + "-" + drawn(24, HEX) + "-" + drawn(34, HEX),
    "sentry": "sntryu" + "_" + drawn(64, HEX),
    "supabase": "sbp" + "_" + drawn(40, HEX),
    "tailscale": "tskey" + "-auth-" + drawn(12) + "-" + drawn(32),
    "planetscale": "pscale" + "_pw_" + drawn(43),
    "atlassian": "ATATT3" + drawn(180),
    "terraform": drawn(14) + ".atlasv1." + drawn(64),
    "azure client": drawn(3) + "8Q~" + drawn(34),
    "age": "AGE-SECRET-KEY-1" + drawn(58, UPPER),
    "1password": "ops" + "_ey" + drawn(300),
    "jwt": "eyJ" + drawn(33) + "." + "eyJ" + drawn(50) + "." + drawn(43),
    "drawn by lot": drawn(40),
    "drawn, small": "q" + drawn(39, string.ascii_lowercase + string.digits),
}
SURROUNDINGS = {
    "env": "export MY_{name}={0}",
    "json": '{{"name": "x", "value": "{0}"}}',
    "yaml": "  value: {0}",
    "command": "$ deploy --to prod {0} --now",
    "log": "2026-11-30T10:15:49Z INFO using {0}, which is new",
    "address": "GET https://example.org/api?v=1&x={0}&b=1 200",
    "sentence": "the one ({0}).",
    "underscore": "X_{0}",
}
PASSWORD = "hunter" + "2x"
BASIC = "dXNlcjpwdw" + "=="
LINE = drawn(64)
PLACED = {
    "env": (f"DB_PASSWORD={PASSWORD}", PASSWORD),
    "env of letters": ("API_SECRET=super" + "secret", "super" + "secret"),
    "env in quotes": (f"export SMTP_PASS='{PASSWORD} and more'", PASSWORD),
    "env with signs": ("DB_PASSWORD=a,b;c&d(e", "b;c"),
    "env for docker": (f'docker run -e "PGPASSWORD={PASSWORD}" db', PASSWORD),
    "short token": ("MY_TOKEN=abc" + "123", "abc123"),
    "yaml": (f"password: {PASSWORD}", PASSWORD),
    "yaml of letters": ("  password: sword" + "fish", "swordfish"),
    "pwd": (f"pwd: {PASSWORD}", PASSWORD),
    "credential": (f"credential={PASSWORD}", PASSWORD),
    "json": (f'{{"user": "me", "password": "{PASSWORD}"}}', PASSWORD),
    "camel case": (f'{{accessToken: "{PASSWORD}"}}', PASSWORD),
    "header name": (f"X-Api-Key: {PASSWORD}", PASSWORD),
    "typed code": (f'password: str = "{PASSWORD}"', PASSWORD),
    "go code": (f'token := "{PASSWORD}"', PASSWORD),
    "ini": (f"aws_secret_access_key = {LINE[:40]}", LINE[:40]),
    "connection string": (f"Server=db;User=sa;Password={PASSWORD};Encrypt=yes", PASSWORD),
    "passphrase": ("passphrase: correct horse battery staple", "horse battery"),
    "xml": (f"<password>{PASSWORD}</password>", PASSWORD),
    "nuget": (f'<add key="ClearTextPassword" value="{PASSWORD}" />', PASSWORD),
    "query": (f"https://example.org/x?access_token={PASSWORD}&b=1", PASSWORD),
    "query key": (f"https://maps.example.org/x?key={LINE[:30]}&b=1", LINE[:30]),
    "signed address": (f"https://x.blob.core.windows.net/c?sv=2022&sig={LINE[:40]}%3D", LINE[:40]),
    "option": (f"mysql -u root --password {PASSWORD} shop", PASSWORD),
    "option with =": (f"mysql --password={PASSWORD} shop", PASSWORD),
    "mysql -p": (f"mysql -u root -p{PASSWORD} shop", PASSWORD),
    "curl -u": (f"curl -s -u me:{PASSWORD} https://example.org", PASSWORD),
    "curl over lines": (f"curl -s \\\n  --user 'me:{PASSWORD}' \\\n https://example.org", PASSWORD),
    "curl -b": (f"curl -b 'sid={PASSWORD}; a=b' https://example.org", PASSWORD),
    "sshpass": (f"sshpass -p {PASSWORD} ssh me@host", PASSWORD),
    "redis-cli": (f"redis-cli -h cache -a {PASSWORD} ping", PASSWORD),
    "docker login": (f"docker login -u me -p {PASSWORD} registry", PASSWORD),
    "netrc": (f"machine github.com login me password {PASSWORD}", PASSWORD),
    "netrc over lines": (f"machine github.com\n  login me\n  password {PASSWORD}\n", PASSWORD),
    "docker config": (f'"auths": {{"ghcr.io": {{"auth": "{BASIC}"}}}}', BASIC),
    "npmrc": (f"//registry.example.org/:_authToken={PASSWORD}", PASSWORD),
    "bearer": (f"curl -H 'Authorization: Bearer {PASSWORD}' x", PASSWORD),
    "bare bearer": (f"bearer {PASSWORD}", PASSWORD),
    "basic": (f"> Basic {BASIC}", BASIC),
    "basic, and a letter behind it": (f"Basic {BASIC.rstrip('=')}ü", BASIC.rstrip("=")),
    "cookie": (f"Cookie: sid={PASSWORD}; theme=dark", PASSWORD),
    "set-cookie": (f"< set-cookie: sid={PASSWORD}; Path=/; HttpOnly", PASSWORD),
    "address": (f"postgres://me:{PASSWORD}@db/shop", PASSWORD),
    "address with @": ("postgres://me:p" + "@ss" + PASSWORD + "@db/shop", PASSWORD),
    "address with /": (f"postgres://me:a/{PASSWORD}@db/shop", PASSWORD),
    "address without user": (f"redis://:{PASSWORD}@cache:6379/0", PASSWORD),
    "address of a remote": (f"https://{LINE[:30]}@example.org/me/x.git", LINE[:30]),
    "slack hook": (f"https://hooks.slack.com/services/T0123/B0123/{LINE[:24]}", LINE[:24]),
    "discord hook": (f"https://discord.com/api/webhooks/123456789/{LINE}", LINE),
    "key": (PEM.format("RSA PRIVATE " + "KEY", LINE, LINE), LINE),
    "key in json": ('"private_key": "-----BEGIN PRIVATE ' + f'KEY-----\\n{LINE}\\n{LINE}\\n"', LINE),
    "key without its end": ("-----BEGIN OPENSSH PRIVATE " + f"KEY-----\n{LINE}\n{LINE}\n", LINE),
    "key without its beginning": (f"{LINE}\n{LINE}\nabcd\n-----END RSA PRIVATE " + "KEY-----\n", LINE),
    "vendor's name": (f"heroku_api: {drawn(8, HEX)}-{drawn(4, HEX)}-4abc-8abc-{(LAST := drawn(12, HEX))}", LAST),
}
HARMLESS = f"""\
commit {drawn(40, HEX)}
Merge: {drawn(7, HEX)} {drawn(7, HEX)}
id 550e8400-e29b-41d4-a716-446655440000
session 018f3a5c-7b1e-7cc0-98d2-1f2e3d4c5b6a resumed
password:
Password:
[sudo] password for me:
Enter passphrase for key '/home/me/.ssh/id_ed25519':
token_count: 1234
max_tokens: 4096
3 tokens: 12000 of 200000
feat: rotate tokens in the background
psql --password-file /run/secrets/pw
docker login --password-stdin
pip install sk-learn
sk-learn-contrib-categorical-encoders
AKIA is what the id of a key begins with
"integrity": "sha512-{drawn(86)}=="
h1:{drawn(43)}=
sha256:{drawn(64, HEX)}
image: python@sha256:{drawn(64, HEX)}
    --hash=sha256:{drawn(64, HEX)}
SHA256:{drawn(43)} me@host (ED25519)
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5{drawn(48)} me@host
token = get_token()
password = getpass.getpass()
api_key: str | None = None
def login(user: str, password: str) -> Token:
token = os.environ["TOKEN"]
const token = await getToken(user)
apiKey: process.env.API_KEY,
secret: ${{{{ secrets.API }}}}
password: $DB_PASSWORD
PASSWORD=${{PASSWORD:?}}
password=<your password>
Password: ********
login(token=token, password=password)
user_token = access_token
self.token = token
if token == "abc":
token?: string
  password: string;
"token": null,
has_password: true
password_reset_url: https://example.org/reset
secretName: web-tls
SECRET_NAME=web
eos_token: </s>
tokenizer: gpt2
author: somebody
auth: oauth2
credentials: include
SyntaxError: Unexpected token: abc
First pass: compile
pass: 12 fail: 3
token: expired
the --token option is new
use --password to set one
password: "Enter your password"
hf_hub_download_with_progress_bar
npm_config_registry_of_the_company
/usr/lib/python3.11/site-packages/FooBar2Baz3Qux4/AbcDef1.py
vim src/auth/token.py
https://example.com/a/b/AbC123dEfG456hIjK789lMnO?c=d#e
http://localhost:3000/node_modules/@vite/client
ssh://git@example.com/x/y.git
git@example.com:org/repo.git
PWD=/home/me/src
OLDPWD=/home/me
export PATH=/usr/local/bin:/usr/bin
TestHTTP2ServerHandlesUpgradeFromHttp1
test_supervisor_thought_queue_of_length_2
ses_{drawn(26)}
toolu_01{drawn(22)}
01ARZ3NDEKTSV4RRFFQ69G5FAV
_ZN4core3fmt9Formatter9write_str17h{drawn(16, HEX)}E
data:image/png;base64,{drawn(80)}
class="btn-primary text-gray-500 hover:bg-slate-100"
python3-11-manylinux2014-x86_64.whl
v2.14.0-rc.1+build.20261130
2026-11-30T10:15:49.123Z
+49 30 1234567890
mail me@example.org
task-sk-1 and risk-averse-and-so-on
keyboard: us
Cookie: accepted
basic auth is on
Basic Überblick und basic réglages
basic Ma\u017f\u017ftab and basic 200\u212a\u212a\u212a
index-D3x9QkZ1.js 143.20 kB
{"=" * 60}
{"A" * 60}"""


@pytest.mark.parametrize("around", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
def test_a_token_is_masked_wherever_it_stands(token: str, around: str) -> None:
    said = redact(around.format(token, name="TOKEN"))

    assert token not in said
    assert token[-12:] not in said
    assert REDACTED in said


@pytest.mark.parametrize(("text", "secret"), PLACED.values(), ids=PLACED)
def test_what_stands_where_secrets_stand_is_masked(text: str, secret: str) -> None:
    said = redact(f"$ first line\n{text}\nlast line")

    assert secret not in said
    assert REDACTED in said
    assert said.startswith("$ first line\n")
    assert said.endswith("last line")


@pytest.mark.parametrize("text", HARMLESS.split("\n"))
def test_what_only_looks_alike_stays_readable(text: str) -> None:
    assert redact(text) == text


def test_a_whole_screen_of_harmless_lines_stays_readable() -> None:
    assert redact(HARMLESS) == HARMLESS


@pytest.mark.parametrize("width", range(30, 90, 7))
@pytest.mark.parametrize("kind", ["stripe", "github fine-grained", "anthropic", "jwt", "drawn by lot"])
def test_a_secret_that_the_terminal_broke_over_lines_is_masked(kind: str, width: int) -> None:
    line = f"$ deploy --to prod {TOKENS[kind]} --now"
    lines = [line[start : start + width] for start in range(0, len(line), width)]

    said = redact("\n".join(["$ ls", *lines, "$ "]))

    # Whatever of it stood on a line of its own is gone.
    assert not any(part in said for part in re.findall(rf".{{1,{width}}}", TOKENS[kind]) if len(part) > 9)
    assert all(TOKENS[kind][at : at + 10] not in said for at in range(len(TOKENS[kind]) - 10))
    assert said.startswith("$ ls\n$ deploy")
    assert said.count("\n") == len(lines) + 1


def test_a_secret_in_a_frame_is_masked_with_the_frame_left() -> None:
    token = TOKENS["stripe"]
    screen = f"│ run {'w' * 25} {token[:10]} │\n│ {token[10:]}{' ' * 20} │\n│{' ' * 42}│"

    said = redact(screen)

    assert token[:10] not in said
    assert token[10:] not in said
    assert said.splitlines()[1].startswith("│ ")
    assert said.splitlines()[2] == screen.splitlines()[2]


def test_colours_within_a_secret_do_not_hide_it_and_stay() -> None:
    token = TOKENS["npm"]
    said = redact(f"\x1b[1mNPM_TOKEN\x1b[0m=\x1b[32m{token[:9]}\x1b[7m{token[9:]}\x1b[0m end")

    assert said == f"\x1b[1mNPM_TOKEN\x1b[0m=\x1b[32m{REDACTED}\x1b[7m\x1b[0m end"
    assert clean_sgr(said) == said


_SOME_TEXT = st.lists(
    st.sampled_from(
        [*TOKENS.values(), *(text for text, _ in PLACED.values()), *HARMLESS.split("\n"), "\n", "\x1b[1m", "@"]
    )
    | st.text(max_size=20)
).map(" ".join)


@pytest.mark.parametrize("kind", PLACED)
def test_every_line_break_stays_also_within_a_secret(kind: str) -> None:
    text = f"before\n{PLACED[kind][0]}\nafter"

    assert redact(text).count("\n") == text.count("\n")


@settings(deadline=None)
@given(_SOME_TEXT)
def test_what_is_masked_stays_as_it_is_when_it_is_masked_again(text: str) -> None:
    said = redact(text)

    assert redact(said).count("\n") == said.count("\n") == text.count("\n")
    assert not any(token in redact(said) for token in TOKENS.values())


ADVERSARIAL = [
    "a", "aB3", "password", "password=", "token: a.", "token = a(", "--token ", "-----BEGIN A-----", 
    "-----END A-----\n", "://", "://a:", "://a@",
    "ey" + "JaaaaaA.", "ey" + "Ja-", "bearer a", "cookie: a=", "machine a login b password c ",
    "curl -u a:b ", "basic a", "x" * 79 + "\n", "\x1b[1ma", "&key=abc", "A_KEY=", "<password>", "\n", " ", "│\n", "İ",
    *_BEGINNINGS.split()[::32], *list(_rules())[::32], *(f"{word}=" for word in list(_rules())[::32]),
]  # fmt: skip


@pytest.mark.parametrize("seed", ADVERSARIAL, ids=repr)
def test_text_made_to_take_long_does_not(seed: str) -> None:
    """Beside a search that goes over the same text once, so that a busy machine slows both."""
    text = (seed * (100_000 // len(seed) + 1))[:100_000]
    redact(text[:1000])
    began = time.process_time()
    re.findall(r"[\w.-]{1,40}=\S+", text)
    plain = time.process_time() - began
    began = time.process_time()

    redact(text)

    assert time.process_time() - began < 60 * plain + 1.5


def test_the_table_is_that_which_the_script_writes() -> None:
    rows = [line.split("\t") for line in FORMAT_RULES.splitlines()]

    assert len(rows) + len(COMPANIES.split()) > 150
    assert all(keywords == keywords.lower() for _, keywords, *_ in rows)
    assert all(re.compile(pattern) for known in _rules().values() for _, pattern in known)
    assert "Copyright (c) 2019 Zachary Rice" in secret_rules.HEAD
    assert secret_rules.MODULE.read_text(encoding="utf-8").startswith(secret_rules.HEAD)
    assert not {name for name, *_ in rows} & secret_rules.LEFT_OUT.keys()


@pytest.mark.parametrize(
    ("go", "python"),
    [
        (r"""\b(npm_(?i)[a-z]{3})(?:[\x60'"\s;]|\\[nr]|$)""", r"(?<![A-Za-z0-9])(npm_(?i:[a-z]{3}))(?![\w+/-])"),
        (r"""(?i)[\w.-]{0,50}?(?:acme)(?:[ \t\w.-]{0,20})""", r"(?i)(?:acme)(?:[ \t\w.-]{0,20})"),
        (r"ab[[:alnum:]]{2,}\z", r"ab[A-Za-z0-9]{2,402}\Z"),
    ],
)
def test_a_pattern_of_go_becomes_one_of_python(go: str, python: str) -> None:
    assert secret_rules.in_python(go) == python
