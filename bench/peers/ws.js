// Node's ws: a loop of send(). `node ws.js PORT`
const { WebSocketServer } = require("ws");
const http = require("node:http").createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    for (const client of server.clients) client.send(body);
    response.writeHead(201, { "Content-Length": 0 }).end();
  });
});
const server = new WebSocketServer({ server: http, perMessageDeflate: false });
http.listen(Number(process.argv[2]), "127.0.0.1", 4096);
