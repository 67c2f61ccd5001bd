"""Commands whose arguments may begin with a dash: passwords, above all."""

from __future__ import annotations

from difflib import get_close_matches

import click


class TakesValues(click.Command):
    """A command that takes `-secret` as an argument.

    Only the options that it has are options, written out. What begins with two dashes and is none may as
    well be a misspelt one: it is refused with the way to write a value, as is
    `-h` in the place of a password.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse as click does, after moving the options to the front; raises click.UsageError."""
        known = {
            name: param
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            for name in (*param.opts, *param.secondary_opts)
        }
        options: list[str] = []
        values: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                values += words
                break
            name, equals, _ = word.partition("=")
            option = known.get(word) or (known.get(name) if word.startswith("--") else None)
            if option is not None and word in ctx.help_option_names and self._may_be_password(values):
                raise click.UsageError(
                    f"Is {word} the password? It goes behind a -- of its own: {self._written(ctx)}. "
                    f"For the help: {ctx.command_path} {word}",
                    ctx,
                )
            if option is None:
                values.append(self._value(word, known, ctx))
                continue
            options.append(word)
            if option.is_flag or option.count or equals:
                continue
            following = next(words, None)
            if following is None:
                return super().parse_args(ctx, options)  # which reports that the value is missing
            options.append(following)
        return super().parse_args(ctx, [*options, "--", *values])

    def _value(self, word: str, known: dict[str, click.Option], ctx: click.Context) -> str:
        """The word as an argument; raises click.UsageError for what may be a misspelt option."""
        if not word.startswith("--"):
            return word
        near = get_close_matches(word.partition("=")[0], known, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise click.UsageError(
            f"There is no such option.{meant} "
            f"A value that begins with -- goes behind a -- of its own: {self._written(ctx)}",
            ctx,
        )

    def _may_be_password(self, values: list[str]) -> bool:
        """Whether the argument behind these is a password: a script would take help for success."""
        arguments = [param for param in self.params if isinstance(param, click.Argument)]
        return len(values) < len(arguments) and arguments[len(values)].name == "password"

    def _written(self, ctx: click.Context) -> str:
        arguments = (param.make_metavar(ctx) for param in self.params if isinstance(param, click.Argument))
        return " ".join([ctx.command_path, "--", *(name.strip("[]") for name in arguments)])
