/** The page on which a reader gives their token. Plain elements and colours of its own: GraphiQL shows it too, without Mantine. */
import { type ReactElement, type RefObject, type SyntheticEvent, useId, useRef, useState } from "react";
import { hrefOf } from "@/lib/config";
import { mistakeInToken, type Why, WHY_SIGN_IN } from "@/lib/signIn";
import classes from "./SignIn.module.css";

interface Props {
  readonly why: Why;
  /** Resolves to why the API does not take the token, or to null. */
  readonly onSignIn: (token: string, isKept: boolean) => Promise<string | null>;
}

export function SignIn({ why, onSignIn }: Props): ReactElement {
  const field = useRef<HTMLInputElement>(null);
  const [isKept, setKept] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [mistake, setMistake] = useState<string | null>(null);

  const submit = async (event: SyntheticEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    const token = field.current?.value.trim() ?? "";
    setBusy(true);
    const refusal = mistakeInToken(token) ?? (await onSignIn(token, isKept));
    setBusy(false);
    setMistake(refusal);
    if (refusal !== null) field.current?.select();
  };
  return (
    <main className={classes["page"]}>
      <form className={classes["card"]} aria-busy={isBusy} noValidate onSubmit={(event) => void submit(event)}>
        <img src={hrefOf("/favicon.svg")} alt="" width={36} height={36} />
        <h1 className={classes["title"]}>Sign in to TaskFlow</h1>
        <p className={classes["why"]}>{WHY_SIGN_IN[why]}</p>
        <TokenField field={field} mistake={mistake} />
        <label className={classes["keep"]}>
          <input type="checkbox" checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
          <span>
            Keep it for this tab
            <small>
              A reload needs no sign-in then, and closing the tab forgets it. Otherwise a reload forgets it.
            </small>
          </span>
        </label>
        <button type="submit" className={classes["button"]} aria-disabled={isBusy}>
          {isBusy ? "Signing in …" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

interface FieldProps {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly mistake: string | null;
}

function TokenField({ field, mistake }: FieldProps): ReactElement {
  const id = useId();
  return (
    <div className={classes["field"]}>
      <label htmlFor={id}>Token</label>
      <input
        ref={field}
        id={id}
        type="password"
        autoComplete="current-password"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        aria-invalid={mistake !== null}
        aria-describedby={`${id}-mistake`}
      />
      <p id={`${id}-mistake`} role="alert" className={classes["mistake"]}>
        {mistake}
      </p>
    </div>
  );
}
