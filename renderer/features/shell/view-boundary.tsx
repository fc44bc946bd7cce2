import { Unplug } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';

interface ViewBoundaryProps {
  readonly children: ReactNode;
}

interface ViewBoundaryState {
  readonly error?: ErrorData;
}

/** What one view throws, or a part of the page that cannot be fetched, costs that view alone. To be keyed by the view: another one starts anew. */
export class ViewBoundary extends Component<ViewBoundaryProps, ViewBoundaryState> {
  override state: ViewBoundaryState = {};

  static getDerivedStateFromError(thrown: unknown): ViewBoundaryState {
    return { error: AppError.from(thrown).toData() };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <EmptyState icon={Unplug} title="This view cannot be shown">
        <div className="text-left">
          <ErrorNote
            error={error}
            action={<Button onClick={() => location.reload()}>Load the page again</Button>}
          />
        </div>
      </EmptyState>
    );
  }
}
