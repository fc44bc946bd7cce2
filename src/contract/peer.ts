import * as z from 'zod';

/** A process of this machine, as the system tells of it. */
export const peerProcessSchema = z.object({
  pid: z.int(),
  /** Its executable: an absolute path without symbolic links. Of a script it is the interpreter. Absent where it may not be read. */
  program: z.string().optional(),
  /** The program or script as it was started, without folders and arguments. What the process says of itself: for people, proves nothing. */
  command: z.string(),
});

export type PeerProcess = z.infer<typeof peerProcessSchema>;

/** Who is at the local end of a connection. */
export const peerSchema = z.object({
  /** Of the operating system. */
  uid: z.int(),
  /** Found beside the traffic, so that it may come late, or not at all of a connection that was short. */
  process: peerProcessSchema.optional(),
});
