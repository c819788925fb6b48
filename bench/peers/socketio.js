// Node's socket.io, as its documentation sets it up: WebSocket alone, no compression. `node socketio.js PORT`
const http = require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    io.to("news").emit("updated", body.startsWith("{") ? JSON.parse(body) : body);
    response.writeHead(201, { "Content-Length": 0 }).end();
  });
});
const io = new (require("socket.io").Server)(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => socket.on("follow", (_payload, answer) => { socket.join("news"); answer({}); }));
http.listen(Number(process.argv[2]), "127.0.0.1", 4096);
