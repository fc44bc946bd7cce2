import { request } from 'node:http';
import type { OperationAnswer, OperationInput, OperationName } from '../../src/contract/control.ts';

/** One request to a daemon's socket as any program may write it: nothing of the command line or its client is in the way. */
export function rawCall<N extends OperationName>(
  socketPath: string,
  operation: N,
  input: OperationInput<N>,
): Promise<OperationAnswer<N>> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath,
        method: 'POST',
        path: `/v1/${operation}`,
        headers: { 'content-type': 'application/json' },
        agent: false,
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        answer.once('end', () =>
          answer.statusCode === 200
            ? resolve(JSON.parse(text))
            : reject(new Error(`${answer.statusCode} ${text}`)),
        );
      },
    );
    call.once('error', reject);
    call.end(JSON.stringify(input));
  });
}
