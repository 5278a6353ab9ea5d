// The rules of the digit clinic, in Cedar. Each node adds its own to the house rules.
import { cedar, type Policy } from '@mesh/sdk';

/** The credential that makes a clinic a clinic. */
export const licence = 'ClinicLicence';

/** Nobody whose licence was revoked gets a session. */
const refuseRevoked = cedar`
  @id("revoked-stay-out") @advice("Apply to the health authority for a new licence.")
  forbid (principal, action == Action::"federate", resource)
  when { principal.revoked.contains(${licence}) };`;

/** The authority takes applications from anybody. */
export const authorityPolicies: readonly Policy[] = [
  cedar`
  @id("apply-for-licence")
  permit (principal, action == Action::"task.receive", resource)
  when { context.capability == "licence.apply" };`,
];

/** Clinics learn with licensed clinics, and read digits for everybody. */
export const clinicPolicies: readonly Policy[] = [
  refuseRevoked,
  cedar`
  @id("learn-with-licensed")
  permit (principal, action == Action::"round.join", resource)
  when { principal.credentials.contains(${licence}) };`,
  cedar`
  @id("share-model-with-licensed")
  permit (principal, action == Action::"task.receive", resource)
  when { context.capability == "model.latest" && principal.credentials.contains(${licence}) };`,
  cedar`
  @id("ask-licensed")
  permit (principal, action == Action::"task.send", resource)
  when { resource.org.credentials.contains(${licence}) };`,
  cedar`
  @id("read-for-everybody")
  permit (principal, action == Action::"task.receive", resource)
  when { context.capability == "digits.read" };`,
];

/** The lab sends images only where it has federated, and only while the licence there stands. */
export const labPolicies: readonly Policy[] = [
  refuseRevoked,
  cedar`
  @id("only-licensed-readers") @advice("Choose a clinic with a licence that stands.")
  forbid (principal, action == Action::"task.send", resource)
  unless { resource.org.credentials.contains(${licence}) };`,
];
