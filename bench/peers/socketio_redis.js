// Node's socket.io with its Redis adapter, as its documentation sets it up. `node socketio_redis.js PORT BROKER`
const { createClient } = require("redis");
const { createAdapter } = require("@socket.io/redis-adapter");

const http = require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    io.to("news").emit("updated", body);
    response.writeHead(201, { "Content-Length": 0 }).end();
  });
});
const io = new (require("socket.io").Server)(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => socket.on("follow", (_payload, answer) => { socket.join("news"); answer({}); }));

const publishing = createClient({ url: process.argv[3] }), reading = publishing.duplicate();
Promise.all([publishing.connect(), reading.connect()]).then(() => {
  io.adapter(createAdapter(publishing, reading));
  http.listen(Number(process.argv[2]), "127.0.0.1", 4096);
});
