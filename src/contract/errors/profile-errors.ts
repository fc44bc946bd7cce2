import { type ErrorEntry, nothing, say } from './error-entry.ts';

/** Of profiles, what they ask before a tunnel opens, and what ends it. */
export const profileErrors = {
  'SP-PROFILE-INVALID': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.profile, 'a profile')} is refused: ${say(d.message, 'its file has errors')}`,
    next: (d) => say(d.next, 'correct the file; sallyport profile validate lists all that is wrong'),
  },
  'SP-PROFILE-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no profile ${say(d.profile, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all profiles'),
  },
  'SP-PROFILE-UNTRUSTED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      d.changed
        ? `${say(d.profile, 'this profile')} has changed since you agreed to it`
        : `you have not agreed yet to ${say(d.profile, 'this profile')}, which is shared with you`,
    next: (d) => say(d.next, `sallyport profile trust ${say(d.profile, 'NAME')} shows it and asks`),
  },
  'SP-PROFILE-STALE': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.profile, 'what you agreed to')} has changed while it was shown`,
    next: () => 'look at it as it is now, and agree again',
  },
  'SP-PROFILE-EXISTS': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is a ${say(d.what, 'profile')} ${say(d.profile, 'of this name')} already`,
    next: (d) => say(d.next, 'choose another name'),
  },
  'SP-PROFILE-EDIT': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.file, 'the file')} cannot be edited: ${say(d.message, '')}`,
    next: (d) => say(d.next, 'edit it by hand; sallyport profile validate checks it'),
  },
  'SP-PROFILE-EDIT-CONFLICT': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `${say(d.file, 'the file')} is being changed by another program`,
    next: () => 'nothing was written; try again',
  },
  'SP-PROFILE-SOURCE': {
    retry: 'auto',
    exitCode: 9,
    headline: (d) => `the profiles of ${say(d.source, 'a source')} cannot be had: ${say(d.message, '')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-PROFILE-LIMIT': {
    retry: 'never',
    exitCode: 9,
    headline: (d) => `there are more than ${say(d.limit, '')} ${say(d.what, 'of these')}`,
    next: nothing,
  },
  'SP-PAGE-LIMIT': {
    retry: 'never',
    exitCode: 5,
    headline: (d) =>
      d.profile
        ? `a page may not write ${say(d.what, 'this')} into ${d.profile}`
        : `a page may not ask for a tunnel with ${say(d.what, 'this')}`,
    next: (d) => say(d.next, ''),
  },
  'SP-PROFILE-OFF': {
    retry: 'user',
    exitCode: 2,
    headline: (d) => `${say(d.profile, 'this profile')} is kept but switched off`,
    next: () => 'remove `off: true` from it, or set `off: false` in overrides of your own file',
  },
  'SP-TUNNEL-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no tunnel ${say(d.name, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all of them'),
  },
  'SP-TUNNEL-TAKEN': {
    retry: 'user',
    exitCode: 2,
    headline: (d) =>
      `there is a tunnel ${say(d.name, 'of this name')} already, and it leads to ${say(d.leadsTo, 'another place')}`,
    next: (d) => `sallyport down ad-hoc/${say(d.name, 'NAME')}, or give this one another name: --as NAME`,
  },
  'SP-GROUP-UNKNOWN': {
    retry: 'never',
    exitCode: 2,
    headline: (d) => `there is no group ${say(d.name, 'of this name')}`,
    next: (d) => (d.meant ? `did you mean ${d.meant}?` : 'sallyport list shows all of them'),
  },
  'SP-CONFIRM-REQUIRED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.tunnel, 'this tunnel')} opens only when you say yes`,
    next: (d) =>
      d.prolong
        ? `sallyport up ${say(d.tunnel, 'NAME')} --prolong --yes`
        : `sallyport up ${say(d.tunnel, 'NAME')} asks; --yes says it beforehand`,
  },
  'SP-REASON-REQUIRED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.tunnel, 'this tunnel')} opens only with a reason`,
    next: (d) =>
      `sallyport up ${say(d.tunnel, 'NAME')}${d.prolong ? ' --prolong' : ''} --reason ${d.example ? JSON.stringify(d.example) : 'TEXT'}`,
  },
  'SP-REASON-MISMATCH': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `the reason does not match ${say(d.pattern, 'what the policy asks for')}`,
    next: (d) => (d.example ? `give one like ${d.example}` : 'give one that matches'),
  },
  'SP-TIME-LIMIT': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} has ended: its time limit of ${say(d.limit, 'its policy')} was over`,
    next: (d) => `sallyport up ${say(d.tunnel, 'NAME')}`,
  },
  'SP-IDLE-LIMIT': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} has ended: nobody was connected for ${say(d.limit, 'the idle limit')}`,
    next: (d) => `sallyport up ${say(d.tunnel, 'NAME')}`,
  },
  'SP-POLICY-UNENFORCED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} does not open: its policy asks for ${say(d.policy, 'something')}, which takes the gateway`,
    next: (d) => say(d.next, 'take it out of the policy, or have the one who owns the profile do so'),
  },
  'SP-HOST-NETWORK': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.pod, 'the pod')} is in the network of its node${d.node ? ` ${d.node}` : ''}, which the policy forbids`,
    next: () =>
      'what listens on the localhost of the node would be reached: have the pod moved out of hostNetwork, or the owner of the profile say `hostNetwork: allow`',
  },
  'SP-APPROVAL-REFUSED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) => `${say(d.tunnel, 'this tunnel')} was not approved: ${say(d.message, 'no reason given')}`,
    next: (d) => `sallyport up ${say(d.tunnel, 'NAME')} asks again`,
  },
  'SP-APPROVAL-FAILED': {
    retry: 'user',
    exitCode: 5,
    headline: (d) =>
      `${say(d.tunnel, 'this tunnel')} could not be approved by ${say(d.program, 'the program of the settings')}: ${say(d.message, 'it failed')}`,
    next: () => 'correct approval.command in settings.yaml',
  },
  'SP-QUESTION-GONE': {
    retry: 'never',
    exitCode: 1,
    headline: () => 'this question is answered already, or is asked no more',
    next: nothing,
  },
} as const satisfies Record<string, ErrorEntry>;
