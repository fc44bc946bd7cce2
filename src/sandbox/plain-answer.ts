export type Carrier = 'spdy' | 'webSocket';

/** An HTTP answer as text, of the kubelet or of something else on the way: no Status object. */
export interface PlainAnswer {
  readonly httpCode: number;
  readonly text: string;
}
