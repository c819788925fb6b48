// Makes a photo smaller on this device, before it is uploaded. The site keeps no more than 1,600 pixels of its width, and
// the five megabytes of a camera take a minute over a bad network. Place and camera data stay on the device, too.

// Pixels; WIDEST of feed/picture.py
const WIDEST = 1_600;
// Bytes that are uploaded as they are: eight seconds at 1 Mbit/s
const LITTLE = 1_000_000;
// Of JPEG and WebP: the site compresses the pixels once more
const QUALITY = 0.92;
// UPLOAD_BYTES of feed/picture.py
export const MOST_BYTES = 12 * 1024 * 1024;

// The file to upload: a smaller one, or the same. Drawings and screenshots would lose by it, so they are made smaller only
// if the site would refuse them; of an animation the site says that it keeps the first picture.
export async function shrunk(file) {
  const photo = /^image\/(jpeg|hei[cf])$/.test(file.type);
  if (file.size <= (photo ? LITTLE : MOST_BYTES) || file.type === "image/gif") return file;
  const address = URL.createObjectURL(file);
  try {
    const smaller = await redrawn(address, photo ? "image/jpeg" : "image/webp");
    return smaller?.size < file.size ? smaller : file;
  } catch {
    // This browser cannot read it, but the site may
    return file;
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function redrawn(address, type) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const width = Math.min(image.naturalWidth, WIDEST), height = Math.max(1, Math.round((image.naturalHeight * width) / image.naturalWidth));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, width, height);
  return new Promise((done) => canvas.toBlob(done, type, QUALITY));
}
