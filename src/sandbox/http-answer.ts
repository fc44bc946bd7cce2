import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { PlainAnswer } from './plain-answer.ts';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';

const bodyLimitBytes = 3 << 20;

export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(500, 'InternalError', `Internal error occurred: ${message}`);
}

export function retryAfter({ details }: StatusError): Record<string, string> {
  return details.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(details.retryAfterSeconds) };
}

export function send(
  response: ServerResponse,
  httpCode: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(httpCode, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-cache, private',
    ...headers,
  });
  response.end(text);
}

export function sendStatus(response: ServerResponse, error: StatusError): void {
  // A watch that breaks after its head was sent has no other way to say so.
  if (response.headersSent) response.destroy();
  else send(response, error.httpCode, error.toStatus(), retryAfter(error));
}

/** Answers an upgrade that is not made, and closes. */
export function endUpgrade(
  socket: Socket,
  { httpCode, text, headers }: PlainAnswer & { readonly headers: Record<string, string> },
): void {
  const all = { ...headers, 'Content-Length': String(Buffer.byteLength(text)), Connection: 'close' };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${httpCode} ${reasonPhrases[httpCode] ?? 'Error'}\r\n${lines.join('')}\r\n${text}`);
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** The request's JSON body; undefined where there is none. Throws a 400 Status where it is not JSON or too large. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > bodyLimitBytes) throw badRequest('the request is too large');
    chunks.push(chunk);
  }
  if (sizeBytes === 0) return undefined;
  if (request.headers['content-type']?.includes('protobuf')) throw unsupportedMediaType('application/json');
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw badRequest('the object provided is unrecognized (must be of type Object)');
  }
}
