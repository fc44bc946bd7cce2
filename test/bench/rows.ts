import { connectionRows } from './connection-rows.ts';
import { faultRows } from './fault-rows.ts';
import { guardRows } from './guard-rows.ts';
import { nodePostgresRow } from './node-postgres-row.ts';
import type { Row } from './row.ts';
import { transferRows } from './transfer-rows.ts';

/** Every row, in the order in which they are measured: memory after what fills it, faults last. */
export const rows: readonly Row[] = [
  ...connectionRows,
  ...guardRows,
  ...transferRows,
  nodePostgresRow,
  ...faultRows,
];
