// Sends a file and says how far it is, which fetch cannot.

// ms without a byte sent, after which the network counts as lost
const STALLED = 20_000;
// ms without an answer after the last byte; the site takes up to 60 s to read a picture
const UNANSWERED = 90_000;

// Resolves to status and content (JSON) of the answer; rejects where there is none, or one that is not the site's and so
// no JSON. `progressed` gets the part that is sent, from 0 to 1; `signal` stops it.
export function putFile(address, file, { signal, progressed } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer;
    const wait = (longest) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), longest);
    };
    request.open("PUT", address);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      wait(STALLED);
      progressed?.(loaded / total);
    };
    request.upload.onload = () => wait(UNANSWERED);
    const fail = () => reject(new Error("no answer"));
    request.onload = () => {
      const { status, response } = request;
      if (status === 200 && !response) fail();
      else resolve({ status, content: response ?? {} });
    };
    request.onerror = request.onabort = fail;
    request.onloadend = () => clearTimeout(timer);
    signal?.addEventListener("abort", () => request.abort());
    wait(STALLED);
    request.send(file);
  });
}
