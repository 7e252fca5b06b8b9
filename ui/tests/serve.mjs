// Serves a built UI on a loopback port, under the content security policy it is shipped with.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';

export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2' };

/** @param {string} folder */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    // Browsers ask for it unasked.
    if (request.url === '/favicon.ico') return void response.writeHead(204).end();
    const path = normalize(join(folder, new URL(request.url ?? '/', 'http://ui').pathname));
    const type = TYPES[extname(path)];
    try {
      if (!path.startsWith(folder + sep) || type === undefined) throw new Error('not served');
      const body = await readFile(path);
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', () => ready(undefined)));
  const { port } = server.address();
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
