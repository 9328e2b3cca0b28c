"""A real client of r8scan lsp: it types, hovers, and does what the server offers.

R8SCAN is the program. Run by .ci/lsp.
"""

import os
import secrets
import string

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

SERVER = [os.environ["R8SCAN"], "lsp"]
PUBLISH = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
TOKEN = "r8_" + "".join(secrets.choice(string.ascii_letters) for _ in range(36)) + "7"
MASK = TOKEN[:5] + "*" * 35


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest_lsp.fixture(
    params=["visual_studio_code", "neovim"],
    config=ClientServerConfig(server_command=SERVER),
)
async def client(request, lsp_client: LanguageClient, folder):
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param),
            workspace_folders=[types.WorkspaceFolder(uri=folder.as_uri(), name="folder")],
            initialization_options={"apiUrl": "https://example.com"},
        )
    )
    yield lsp_client
    await lsp_client.shutdown_session()


async def opened(client, uri, text):
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            text_document=types.TextDocumentItem(uri=uri, language_id="", version=1, text=text)
        )
    )
    await client.wait_for_notification(PUBLISH)
    return client.diagnostics[uri]


async def changed(client, uri, version, start, end, text):
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=version),
            content_changes=[
                types.TextDocumentContentChangePartial(
                    range=types.Range(start=types.Position(*start), end=types.Position(*end)), text=text
                )
            ],
        )
    )
    await client.wait_for_notification(PUBLISH)
    return client.diagnostics[uri]


@pytest.mark.asyncio
async def test_typing(client, folder):
    uri = (folder / "app.py").as_uri()  # never saved
    assert not await opened(client, uri, "# \U0001f600\r\nkey = ''\r\n")
    for i, letter in enumerate(TOKEN):
        marks = await changed(client, uri, i + 2, (1, 7 + i), (1, 7 + i), letter)
        assert len(marks) == (1 if i == 39 else 0)
    mark = marks[0]
    assert (mark.range.start.line, mark.range.start.character, mark.range.end.character) == (1, 7, 47)
    assert mark.severity == types.DiagnosticSeverity.Error
    assert mark.source == "r8scan" and mark.code == "replicate-api-token"
    assert MASK in mark.message and TOKEN not in mark.message
    marks = await changed(client, uri, 50, (0, 2), (0, 4), "\U0001f600\U0001f600 " + TOKEN)
    assert sorted(m.range.start.character for m in marks) == [7, 7]
    assert not await changed(client, uri, 51, (0, 0), (2, 0), "")


@pytest.mark.asyncio
async def test_hover_and_actions(client, folder):
    uri = (folder / "app.py").as_uri()
    text = f"import replicate\n\nclient = replicate.Client(api_token='{TOKEN}')\n"
    (mark,) = await opened(client, uri, text)
    document = types.TextDocumentIdentifier(uri=uri)
    hover = await client.text_document_hover_async(
        types.HoverParams(text_document=document, position=mark.range.start)
    )
    assert 'os.environ["REPLICATE_API_TOKEN"]' in hover.contents.value
    assert TOKEN not in hover.contents.value
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=document, range=mark.range, context=types.CodeActionContext(diagnostics=[mark])
        )
    )
    assert [a.title for a in actions] == [
        "Replace by the environment variable REPLICATE_API_TOKEN",
        "Allow on this line (r8scan:allow)",
    ]
    becomes = [written(text, edits_of(a, uri)) for a in actions]
    assert becomes[0] == (
        'import os\nimport replicate\n\nclient = replicate.Client(api_token=os.environ["REPLICATE_API_TOKEN"])\n'
    )
    assert becomes[1] == text.replace("')\n", "') # r8scan:allow\n")
    for version, new in enumerate(becomes, 2):
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=version),
                content_changes=[types.TextDocumentContentChangeWholeDocument(text=new)],
            )
        )
        await client.wait_for_notification(PUBLISH)
        assert not client.diagnostics[uri]


def edits_of(action, uri):
    if action.edit.document_changes:
        assert action.edit.document_changes[0].text_document.uri == uri
        return action.edit.document_changes[0].edits
    return action.edit.changes[uri]


def written(text, edits):
    """The text after edits, whose lines are all ASCII."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:n])) for n in range(len(lines) + 1)]
    for e in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        assert TOKEN not in e.new_text
        at = starts[e.range.start.line] + e.range.start.character
        to = starts[e.range.end.line] + e.range.end.character
        text = text[:at] + e.new_text + text[to:]
    return text


@pytest.mark.asyncio
async def test_allowed_and_outside(client, folder, tmp_path_factory):
    (folder / ".r8scan.yaml").write_text("allow: [\n")
    outside = tmp_path_factory.mktemp("outside") / "a.py"
    assert len(await opened(client, outside.as_uri(), f"k = '{TOKEN}'\n")) == 1
    assert len(await opened(client, "https://example.com/a.py", f"k = '{TOKEN}'\n")) == 1
    assert not client.messages
    assert len(await opened(client, (folder / "a.py").as_uri(), f"k = '{TOKEN}'\n")) == 1
    assert not await opened(client, (folder / "b.py").as_uri(), f"k = '{TOKEN}'  # r8scan:allow\n")


@pytest.mark.asyncio
async def test_large_document(client, folder):
    uri = (folder / "large.py").as_uri()
    assert not await opened(client, uri, ("x" * 99 + "\n") * 50000)
    (mark,) = await changed(client, uri, 2, (40000, 0), (40000, 99), f"k = '{TOKEN}'")
    assert (mark.range.start.line, mark.range.start.character) == (40000, 5)
