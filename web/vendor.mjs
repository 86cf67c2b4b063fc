// Copies what the page takes from npm's packages to where the program embeds it. The folder is
// git-ignored: no copy of anybody else's code is part of this repository.
import { copyFile, mkdir } from "node:fs/promises";

const here = new URL("./", import.meta.url);
const into = new URL("static/vendor/", here);
const files = [
  "socket.io-client/dist/socket.io.esm.min.js",
  "uplot/dist/uPlot.iife.min.js",
  "uplot/dist/uPlot.min.css",
];

await mkdir(into, { recursive: true });
for (const file of files) {
  await copyFile(new URL(`node_modules/${file}`, here), new URL(file.slice(file.lastIndexOf("/") + 1), into));
}
