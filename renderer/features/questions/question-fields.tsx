import { useState } from 'react';
import type { Question } from '../../../src/contract/control-question.ts';
import { TextField } from '../../components/text-field.tsx';
import { useView } from '../../state/app-state.ts';
import { ProfileDiff } from '../team/profile-diff.tsx';
import { agreedChanges } from '../team/team-items.ts';

export interface QuestionFieldsProps {
  readonly question: Question;
  readonly problem: string | undefined;
}

/** What is to be written or read for an answer. */
export function QuestionFields({ question, problem }: QuestionFieldsProps) {
  switch (question.kind) {
    case 'confirm':
    case 'login':
      return null;
    case 'reason':
      return (
        <TextField
          name="answer"
          label="Reason"
          required
          maxLength={500}
          problem={problem}
          placeholder={question.example}
          hint={question.pattern && `It has to match ${question.pattern}`}
        />
      );
    case 'password':
      return <TextField name="answer" label="Password" type="password" required problem={problem} />;
    case 'passphrase':
      return question.isNew ? (
        <NewPassphrase problem={problem} />
      ) : (
        <TextField name="answer" label="Passphrase" type="password" required problem={problem} />
      );
    case 'trust':
      return question.changes ? (
        <ProfileDiff name={question.profile} changes={question.changes} />
      ) : (
        <SharedProfile profile={question.profile} />
      );
  }
}

/** Asked for twice: what was mistyped could never be opened again. */
function NewPassphrase({ problem }: { readonly problem: string | undefined }) {
  const [first, setFirst] = useState('');
  const [again, setAgain] = useState('');
  return (
    <>
      <TextField
        name="answer"
        label="Passphrase"
        type="password"
        required
        problem={problem}
        onValueChange={setFirst}
      />
      <TextField
        label="The same again"
        type="password"
        required
        onValueChange={setAgain}
        ref={(field) =>
          (field as HTMLInputElement | null)?.setCustomValidity(again === first ? '' : 'The two differ')
        }
      />
    </>
  );
}

/** All of a profile that was never agreed to. */
function SharedProfile({ profile: id }: { readonly profile: string }) {
  const listed = useView(({ profiles }) =>
    profiles.profiles.find((candidate) => candidate.id === id || candidate.name === id),
  );
  if (!listed) return null;
  return <ProfileDiff name={listed.name} changes={agreedChanges(listed)} />;
}
