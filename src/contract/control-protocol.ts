/** What client and daemon agree on before any schema: plain data, so that a short command loads no schema library. */

/** Grows when an operation or event changes in a way that an older peer would misread. Additions do not count. */
export const protocolVersion = 1;

/** Sent with each request; a daemon that speaks another protocol answers SP-DAEMON-VERSION before it reads the rest. */
export const protocolHeader = 'sallyport-protocol';
/** Sent with each request and answer: the program's version. */
export const versionHeader = 'sallyport-version';

/** Sent by who asks for a page that it shows: what pages may not ask is refused. */
export const pageHeader = 'sallyport-page';

/** An operation is a POST of its input as JSON; its answer, or { error }, is JSON. */
export const operationPath = (name: string) => `/v1/${name}`;
/** The WebSocket of events. */
export const eventsPath = '/v1/events';
export const metricsPath = '/metrics';
export const openApiPath = '/openapi.json';

/** Operations that keep their form for ever, so that a newer client can ask an older daemon to make room. */
export const everlastingOperations: readonly string[] = ['version', 'shutdown'];

/** A request is never larger; an answer of a thousand tunnels is about 1 MiB. */
export const maxRequestBytes = 1024 * 1024;
export const maxAnswerBytes = 64 * 1024 * 1024;

/** Close codes of the WebSocket: who reads too slowly is dropped and subscribes anew; who speaks another protocol does not. */
export const closeSlow = 4008;
export const closeVersion = 4026;
