import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { TextField } from '../../components/text-field.tsx';
import { Toggle } from '../../components/toggle.tsx';
import { Setting } from './setting.tsx';
import { portOf } from './settings-words.ts';

const usualPort = 9_464;

export interface MetricsSettingProps {
  readonly port: number | undefined;
  readonly tokenFile: string;
  readonly onChange: (port: number | null) => void;
}

/** Metrics for a Prometheus of this machine: on which port, and where the token is that it needs. */
export function MetricsSetting({ port, tokenFile, onChange }: MetricsSettingProps) {
  const [written, setWritten] = useState<string>();
  const text = written ?? String(port ?? usualPort);
  const wanted = portOf(text);
  const isOn = port !== undefined;
  return (
    <>
      <Setting title="Offer metrics" text="For a Prometheus, on a port of 127.0.0.1.">
        <Toggle
          label="Offer metrics"
          checked={isOn}
          onChange={(on) => {
            setWritten(undefined);
            onChange(on ? usualPort : null);
          }}
        />
      </Setting>
      {isOn && (
        <Setting
          title="Port"
          text={
            <>
              {'The bearer token is in '}
              <span className="mono select-all wrap-anywhere">{tokenFile}</span>
            </>
          }
        >
          <form
            className="flex items-start gap-2"
            onSubmit={(event) => {
              event.preventDefault();
              // What is written stays until the file has it.
              if (wanted !== undefined) onChange(wanted);
            }}
          >
            <div className="w-24">
              <TextField
                label="Port of metrics"
                isLabelHidden
                inputMode="numeric"
                value={text}
                onValueChange={setWritten}
                problem={wanted === undefined ? '1 to 65535' : undefined}
              />
            </div>
            <Button type="submit" disabled={wanted === undefined || wanted === port} className="h-8">
              Set
            </Button>
          </form>
        </Setting>
      )}
    </>
  );
}
