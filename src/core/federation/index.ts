/**
 * The street between organisations: this room finds the way to a peer, proves who is at both ends, and carries calls and
 * streams over encrypted sessions. What it knows of a caller, `from`, is proven; what a caller says is foreign data.
 * @module
 */
export type { AcceptRule } from './admission.ts';
export type { CallOptions } from './call-desk.ts';
export type { OutgoingStream } from './caller.ts';
export {
  Federation,
  type FederationLimits,
  type FederationOptions,
  type FederationStats,
  type OpenTables,
} from './federation.ts';
export type {
  CallHandler,
  HandleOptions,
  IncomingCall,
  IncomingStream,
  StreamHandler,
} from './handlers.ts';
export type { AddressBook, Keys, LocalIdentity, Workload } from './needs.ts';
export type { SessionLimits } from './session.ts';
export type { SessionView } from './session-view.ts';
