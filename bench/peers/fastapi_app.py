"""FastAPI's WebSockets as its documentation sets them up, and the files of a folder from memory.

FILES=folder uvicorn --app-dir bench/peers fastapi_app:app --port PORT
"""

import os
from hashlib import sha1
from pathlib import Path

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

app = FastAPI()
readers: set[WebSocket] = set()
folder = os.environ.get("FILES")
files = {file.name: file.read_bytes() for file in Path(folder).iterdir()} if folder else {}
etags = {name: f'"{sha1(content, usedforsecurity=False).hexdigest()}"' for name, content in files.items()}


@app.websocket("/ws")
async def follow(reader: WebSocket) -> None:
    """Counts as a reader until it leaves."""
    await reader.accept()
    readers.add(reader)
    try:
        while True:
            await reader.receive_text()
    except WebSocketDisconnect:
        readers.discard(reader)


@app.post("/publish", status_code=201)
async def publish(request: Request) -> None:
    """Sends the body to all."""
    text = (await request.body()).decode()
    for reader in list(readers):
        await reader.send_text(text)


@app.get("/{name}")
async def file(name: str, request: Request) -> Response:
    """A file, or 304 to who has it."""
    headers = {"ETag": etags[name]}
    if request.headers.get("if-none-match") == etags[name]:
        return Response(status_code=304, headers=headers)
    return Response(files[name], media_type="text/html", headers=headers)
