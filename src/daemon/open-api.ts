import * as z from 'zod';
import { type OperationName, operations } from '../contract/control.ts';
import { controlEventSchema } from '../contract/control-event.ts';
import { eventsPath, metricsPath, operationPath } from '../contract/control-protocol.ts';
import { errorDataSchema } from '../contract/tunnel-state.ts';

/** The contract as an OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12 as zod writes it. */
export function openApiDocument(version: string): object {
  const failure = schemaOf(z.object({ error: errorDataSchema }), 'output');
  const paths = (Object.keys(operations) as OperationName[]).map((name) => {
    const { summary, input, answer } = operations[name];
    const post = {
      operationId: name,
      summary,
      requestBody: { required: true, content: json(schemaOf(input, 'input')) },
      responses: {
        200: { description: 'Done.', content: json(schemaOf(answer, 'output')) },
        default: { description: 'What went wrong, by code and details.', content: json(failure) },
      },
    };
    return [operationPath(name), { post }] as const;
  });
  return {
    openapi: '3.1.0',
    info: { title: 'Sallyport control API', version },
    paths: {
      ...Object.fromEntries(paths),
      [eventsPath]: {
        get: {
          operationId: 'events',
          summary: 'WebSocket; each message is one event.',
          responses: {
            101: { description: 'Events follow.', content: json(schemaOf(controlEventSchema, 'output')) },
          },
        },
      },
      [metricsPath]: {
        get: {
          operationId: 'metricsText',
          summary: 'Metrics in the Prometheus text format.',
          responses: {
            200: { description: 'Metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
          },
        },
      },
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, { io, target: 'draft-2020-12' });
}

function json(schema: object) {
  return { 'application/json': { schema } };
}
