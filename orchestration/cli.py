"""The command line: rekindle demo, pull, load, build, publish, alerts, erase, match and the others.

A mistake of the user ends with a sentence and exit code 2, a failed run with a sentence and exit
code 1; neither shows a traceback.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from orchestration.adapters.catalogue import write_data_set
from orchestration.demo_brand.settings import LAST_DATE, BrandSpec
from orchestration.errors import RekindleError, UsageError
from orchestration.publishing.publish import Published, publish, read_publication
from orchestration.publishing.summary import summarise
from orchestration.terminal import Terminal
from orchestration.warehouse.build import (
    LIFECYCLE_MODES,
    RFM_MODES,
    BuildOptions,
    BuildPlan,
    BuildResult,
    aside_date,
    build,
    dbt_files,
    note_dbt_command,
    only_writer,
    parse_as_of,
)
from orchestration.warehouse.dbt_run import dbt_command, dbt_environment, with_folders
from orchestration.warehouse.lake import DEFAULT_ZONE, read_lake
from orchestration.warehouse.policy import check_policies
from orchestration.warehouse.read_ahead import project_read_ahead
from orchestration.workspace import (
    BUILD_FILE_NAME,
    DATA_SETS,
    DECISIONS,
    ENGINES,
    PARAMETERS,
    PROJECT,
    Engine,
    Workspace,
    resolve_workspace,
)

DBT_COMMANDS_WITHOUT_BUILD_FILE = {"parse", "ls", "list", "clean", "deps", "--version", "--help"}

PORT = click.IntRange(1, 65535)

Command = TypeVar("Command", bound=Callable[..., Any])


class _Sentence(click.ClickException):
    """A message for a person; prints nothing but the message."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.format_message(), file=file, err=file is None)


class _UsageSentence(_Sentence):
    exit_code = UsageError.exit_code


class _Group(click.Group):
    """A group whose commands end with a sentence where Rekindle has one."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RekindleError as error:
            usage = error.exit_code == UsageError.exit_code
            raise (_UsageSentence if usage else _Sentence)(str(error)) from error


def _data_argument(command: Command) -> Command:
    known = ", ".join(DATA_SETS)
    command = click.option(
        "--data", "data_option", metavar="DATA", help="The same as the argument DATA."
    )(command)
    return click.argument("data", required=False, metavar=f"[{known} or a landing folder]")(command)


def _engine_option(command: Command) -> Command:
    return click.option(
        "--engine",
        type=click.Choice(ENGINES),
        default=ENGINES[0],
        show_default=True,
        help="What runs the models.",
    )(command)


def _build_options(command: Command) -> Command:
    for decorate in (
        click.option("--full-refresh", is_flag=True, help="Build every table from nothing."),
        click.option(
            "--lifecycle-mode", type=click.Choice(LIFECYCLE_MODES), help="Default: fixed."
        ),
        click.option("--rfm-mode", type=click.Choice(RFM_MODES), help="Default: quantile."),
        click.option(
            "--as-of",
            metavar="YYYY-MM-DD",
            help="Business date to build for. Default: the last one in the data.",
        ),
    ):
        command = decorate(command)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Rekindle: a brand's landing files in, published membership marts out."""


@main.command()
@_data_argument
@_build_options
@_engine_option
def demo(
    data: str | None,
    data_option: str | None,
    engine: Engine,
    as_of: str | None,
    rfm_mode: str | None,
    lifecycle_mode: str | None,
    full_refresh: bool,
) -> None:
    """Everything: landing files, load, policy check, build, publish, and what came out."""
    workspace = _workspace(data, data_option, engine)
    options = _options(as_of, rfm_mode, lifecycle_mode, full_refresh)
    terminal = Terminal(total=5)
    terminal.say(f"Rekindle: {workspace.brand}")
    with project_read_ahead(workspace, options):
        _landing_step(terminal, workspace)
        _load_step(terminal, workspace)
        with terminal.step("Check the policies in seeds/policy") as notes:
            notes.append(_policy_note(check_policies(PROJECT / "seeds" / "policy")))
    built = _build_step(terminal, workspace, options)
    published = _publish_step(terminal, workspace, built.aside)
    terminal.say("")
    terminal.sections(summarise(published.files[0]))
    _closing(terminal, published, workspace)
    _alerts_closing(terminal, workspace, built.aside)


@main.command(name="brand")
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option("--members", default=20_000, show_default=True, help="People with a member card.")
@click.option("--seed", default=7, show_default=True, help="Another seed makes other people.")
@click.option("--from", "first", metavar="YYYY-MM-DD", help="Write day by day from this day on.")
@click.option("--to", "last", metavar="YYYY-MM-DD", help="Hand over up to this day.")
def brand_command(
    target: Path, members: int, seed: int, first: str | None, last: str | None
) -> None:
    """Write the demo brand: TARGET/landing, and TARGET/truth with what is true of it.

    Without --from, all that was handed over up to --to, in place of what is there. With --from, one
    folder for each day (dt=YYYY-MM-DD), beside what is there: late, repeated and corrected records
    come with the day on which they were handed over.
    """
    from orchestration.demo_brand.generate import Slice, write_brand  # late: large libraries

    spec = BrandSpec(members, seed)
    days = Slice(parse_as_of(last) if last else LAST_DATE, parse_as_of(first) if first else None)
    terminal = Terminal(total=1)
    with (
        terminal.step(f"The demo brand: {members:,} members, seed {seed}") as notes,
        terminal.people_progress() as on_people,
    ):
        try:
            write_brand(target, spec, days, on_people)
        except OSError as error:
            raise UsageError(
                f"{target} cannot be written ({error.strerror or error}): give another folder."
            ) from error
        notes.append(f"landing files and truth in {_short(target)}")


@main.command(name="pull")
@_data_argument
def pull_command(data: str | None, data_option: str | None) -> None:
    """Deliver what is new in the databases of a brand as landing files; load them afterwards.

    databases.yml in the landing folder says which tables: docs/databases.md.
    """
    from orchestration.databases.pull import pull  # late: it brings large libraries

    workspace = _workspace(data, data_option)
    terminal = Terminal(total=1)
    with terminal.step("Read what is new in the databases") as notes:
        summary = pull(workspace.landing, workspace.databases)
        notes += summary.lines()
    summary.check()


@main.command(name="load")
@_data_argument
def load_command(data: str | None, data_option: str | None) -> None:
    """Load the landing files of a brand into its raw lake, each exactly once."""
    workspace = _workspace(data, data_option)
    terminal = Terminal(total=2)
    _landing_step(terminal, workspace)
    _load_step(terminal, workspace)


@main.command(name="build")
@_data_argument
@_build_options
@_engine_option
def build_command(
    data: str | None,
    data_option: str | None,
    engine: Engine,
    as_of: str | None,
    rfm_mode: str | None,
    lifecycle_mode: str | None,
    full_refresh: bool,
) -> None:
    """Check the policies and build the marts of a loaded brand with dbt."""
    workspace = _workspace(data, data_option, engine)
    options = _options(as_of, rfm_mode, lifecycle_mode, full_refresh)
    _build_step(Terminal(total=1), workspace, options)


@main.command(name="publish")
@_data_argument
@click.option("--as-of", metavar="YYYY-MM-DD", help="Publish the build for this earlier date.")
@_engine_option
def publish_command(
    data: str | None, data_option: str | None, as_of: str | None, engine: Engine
) -> None:
    """Publish the last complete build of a brand to serving/, swapped in whole."""
    workspace = _workspace(data, data_option, engine)
    aside = aside_date(read_lake(workspace.lake), parse_as_of(as_of)) if as_of else None
    terminal = Terminal(total=1)
    _closing(terminal, _publish_step(terminal, workspace, aside), workspace)
    _alerts_closing(terminal, workspace, aside)


@main.command(name="intraday")
@_data_argument
def intraday_command(data: str | None, data_option: str | None) -> None:
    """Load what is new, and show what people did in the last hours. Waits for no build.

    Who is who is known from what is published; the rows are in serving/intraday.duckdb.
    """
    from orchestration.intraday.run import run_intraday  # late: it brings large libraries
    from orchestration.intraday.store import shelf_of

    workspace = _workspace(data, data_option)
    terminal = Terminal(total=1)
    with terminal.step("What people did in the last hours") as notes:
        run = run_intraday(workspace, datetime.now(UTC))
        notes += (
            ["Another load holds the lake; this is what was loaded before."]
            if run.loaded is None
            else run.loaded.lines()
        )
        notes.append(run.status.line())
        if not run.is_new:
            notes.append("nothing has changed, so nothing was written")
    terminal.say(f"  {_short(shelf_of(workspace).file)}")


@main.group(name="alerts", cls=_Group, invoke_without_command=True)
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="Whose alerts.")
@click.pass_context
def alerts(context: click.Context, data: str) -> None:
    """Show the alerts that are open, what waits to be sent and what could not be delivered."""
    context.obj = resolve_workspace(data)
    if context.invoked_subcommand is not None:
        return
    from orchestration.alerting.overview import overview  # late: few need it

    found = overview(context.obj)
    terminal = Terminal(total=1)
    terminal.say(f"{found.counts()}.")
    for event in found.open:
        terminal.say(f"  {event.severity:<8} {event.text_en} Ask: {event.owner}")
        terminal.say(f"  {'':<8} {event.text_zh}")
    if found.waiting:
        terminal.say(f"{found.waiting} messages wait: rekindle alerts deliver sends them.")
    for letter in found.dead:
        terminal.say(f"not delivered to {letter.channel}: {letter.reason}.")
    if found.dead:
        terminal.say("rekindle alerts deliver --dead tries them again.")
    _say_misnamed(terminal, context.obj)


@alerts.command(name="test")
@click.pass_obj
def alerts_test(workspace: Workspace) -> None:
    """Send a sample to every channel, and say which failed and why."""
    from orchestration.alerting.channels import read_settings  # late: few need it
    from orchestration.alerting.deliver import try_channels

    settings = read_settings(workspace)
    if not settings.channels:
        raise UsageError(_no_channels(workspace))
    terminal = Terminal(total=1)
    outcomes = try_channels(settings, workspace.brand)
    for name, reason in outcomes.items():
        terminal.say(f"{name}: {'has it' if reason is None else f'failed: {reason}'}.")
    _say_misnamed(terminal, workspace)
    if any(outcomes.values()):
        sys.exit(RekindleError.exit_code)


@alerts.command(name="deliver")
@click.option("--dead", "with_dead", is_flag=True, help="Try dead letters again too.")
@click.pass_obj
def alerts_deliver(workspace: Workspace, with_dead: bool) -> None:
    """Send the messages that wait."""
    from orchestration.alerting.channels import read_settings  # late: few need it
    from orchestration.alerting.deliver import deliver

    done = deliver(
        workspace.alert_store, read_settings(workspace), workspace.brand, with_dead=with_dead
    )
    terminal = Terminal(total=1)
    terminal.say(f"{done.delivered} messages delivered, {len(done.failures)} failed.")
    for failure in done.failures:
        terminal.say(f"not delivered to {failure.channel}: {failure.reason}.")
    if done.failures:
        sys.exit(RekindleError.exit_code)


@main.command(name="erase")
@_data_argument
@click.option("--dry-run", is_flag=True, help="Only count what would be erased.")
def erase_command(data: str | None, data_option: str | None, dry_run: bool) -> None:
    """Carry out the erasure requests of a brand: landing files, lake, builds, publications.

    Takes the persons as the last build joined them, so build first. Persons who were erased before
    are searched for again, and stripped from files that were delivered anew.
    """
    from orchestration.privacy.builds import is_published  # late: they bring large libraries
    from orchestration.privacy.erase import erase, note_published, preview

    workspace = _workspace(data, data_option)
    now = datetime.now(UTC)
    if dry_run:
        found = preview(workspace, now)
        terminal = Terminal(total=1)
        terminal.say(
            f"{found.requests:,} requests would erase {found.persons:,} persons, "
            f"who are {found.records:,} records. Nothing was changed."
        )
        for sentence in found.left_to_do():
            terminal.say(sentence)
        return
    terminal = Terminal(total=3)
    was_published = is_published(workspace)
    with terminal.step("Erase from landing files, lake and builds") as notes:
        erased = erase(workspace, now)
        notes.append(
            f"{erased.requests:,} requests; {erased.rows:,} rows stripped, "
            f"{erased.files:,} files searched"
        )
        notes += erased.left_to_do()
        notes += erased.about_decisions(_short(DECISIONS))
        notes += [f"publish again where needed: AS_OF={day}" for day in erased.earlier_dates]
    if not erased.needs_build:
        terminal.say("Nothing that is built or published held an erased person.")
        return
    _build_step(terminal, workspace, BuildOptions())
    if was_published:
        _publish_step(terminal, workspace, None)
    note_published(workspace)


@main.command(name="train")
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="The built brand.")
@click.option(
    "--code",
    metavar="CODE",
    help="How the version is called. Default: the brand and its business date.",
)
@click.option(
    "--valid-from",
    metavar="YYYY-MM-DD",
    help="The business date from which on it may be used: that of the build (default) or later.",
)
@click.option(
    "--parameters",
    "parameters_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=PARAMETERS,
    help="The policy file to write.",
)
def train_command(
    data: str, code: str | None, valid_from: str | None, parameters_file: Path
) -> None:
    """Train BG/NBD and the churn classifier on a built brand, and keep them where they are better.

    The last 90 days of the build judge, the 180 before them teach. Each build uses the version that
    does best on its own last 90 days; insight.model_scorecard shows them all.
    """
    from orchestration.modelling.train import business_date, code_of, train  # late: scipy

    terminal = Terminal(total=1)
    with terminal.step("Train the models") as notes:
        workspace = resolve_workspace(data)
        build_file = workspace.build_file()
        day = business_date(build_file)
        begin = parse_as_of(valid_from) if valid_from else day
        trained = train(build_file, parameters_file, code or code_of(workspace.brand, day), begin)
        notes.append(
            f"{trained.version.code}: log loss {trained.log_loss:.4f} on {trained.people:,} people"
        )
        notes += [f"{name}: {loss:.4f}" for name, loss in sorted(trained.others.items())]
    if trained.is_written:
        terminal.say(
            f"The new version is the best: it stands in {_short(parameters_file)}, and the next "
            "build uses it."
        )
    else:
        best = min(trained.others, key=lambda name: trained.others[name])
        terminal.say(f"The new version is no better than {best}; nothing was written.")


@main.command(name="scan")
@click.argument("identifiers", nargs=-1, required=True)
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="Whose files.")
def scan_command(identifiers: tuple[str, ...], data: str) -> None:
    """Search every store of a brand for IDENTIFIERS (numbers, e-mails, keys), and say where.

    Each is searched as it is written here: give every spelling that matters.
    """
    from orchestration.privacy.scan import scan  # late: few need it

    terminal = Terminal(total=1)
    for line in scan(resolve_workspace(data), identifiers).lines():
        terminal.say(line)


def _published_file(data: str | None) -> Path:
    """The published file; UsageError where it is of another brand than DATA."""
    workspace = resolve_workspace(data or DATA_SETS[0])
    file = workspace.serving / BUILD_FILE_NAME
    publication = read_publication(file)
    if data and publication is not None and publication.brand != workspace.brand:
        raise UsageError(
            f"{file} holds the brand {publication.brand}, not {workspace.brand}: publish that one "
            f"first (rekindle demo {data}), or leave --data out."
        )
    return file


@main.command(name="explain")
@click.argument("left")
@click.argument("right")
@click.option("--data", "data", metavar="DATA", help="Whose records; else who is published.")
def explain_command(left: str, right: str, data: str | None) -> None:
    """Say why two records are one person, or that they are two.

    A record is written as identity.oneid_map names it: crm.members:M00000012.
    """
    from orchestration.identity.explain import explain  # late: it brings large libraries

    found = explain(_published_file(data), left, right)
    terminal = Terminal(total=1)
    if not found.is_one_person:
        terminal.say(f"{left} is person {found.left_one_id}, {right} is {found.right_one_id}.")
        if found.waiting is not None:
            terminal.say(f"  The two persons wait for `rekindle match decide`: {found.waiting}")
        return
    terminal.say(f"{left} and {right} are person {found.left_one_id}.")
    for step in (*found.steps, *found.devices):
        terminal.say(f"  {step.line()}")


@main.command(name="page")
@click.argument("person")
@click.option("--data", "data", metavar="DATA", help="Whose members; else who is published.")
def page_command(person: str, data: str | None) -> None:
    """Show everything that is claimed about PERSON, and the facts behind it.

    PERSON is a one_id, or a record as identity.oneid_map names it: crm.members:M00000012.
    """
    from orchestration.publishing.member_page import member_page  # late: it brings large libraries

    terminal = Terminal(total=1)
    mart = ""
    for entry in member_page(_published_file(data), person):
        if entry.mart != mart:
            mart = entry.mart
            terminal.say(mart)
        terminal.say("  " + ", ".join(f"{fact} {value}" for fact, value in entry.facts))


@main.command(name="serve")
@click.argument("data", default="", required=False)
@click.option("--port", type=PORT, default=3000, show_default=True, help="Where browsers find it.")
def serve_command(data: str, port: int) -> None:
    """Run Dagster for a brand: its web pages, and the daemon of schedules and sensors.

    DATA: as for `rekindle demo`; default: REKINDLE_DATA, else the demo brand. Ctrl-C ends it.
    """
    from orchestration.service import serve  # late: few need it

    environment = dict(os.environ)
    if data := data or environment.get("REKINDLE_DATA", ""):
        workspace = resolve_workspace(data)
        environment["REKINDLE_DATA"] = data if workspace.has_adapter else str(workspace.landing)
    serve(port, Terminal(total=1).say, environment)


@main.command(name="board")
@click.argument("published", required=False, type=click.Path(path_type=Path))
@click.option("--port", type=PORT, default=8501, show_default=True, help="Where browsers find it.")
def board_command(published: Path | None, port: int) -> None:
    """Show the board of a PUBLISHED file or folder to browsers of this machine; Ctrl-C ends it.

    Default: the folder that REKINDLE_SERVING names, else serving/.
    """
    from orchestration.publishing.board import serve  # late: it becomes another program

    serve(published, port)


@main.group(cls=_Group)
def identity() -> None:
    """Who is who."""


@identity.command(name="dry-run")
@click.option(
    "--policy",
    "policy_path",
    required=True,
    type=click.Path(path_type=Path),
    help="A changed CSV file of seeds/policy, or a folder of some.",
)
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="Whose records.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where the records that would change hands are written. Default: beside the build.",
)
def identity_dry_run(policy_path: Path, data: str, out: Path | None) -> None:
    """Show who would be new, moved, merged or split under a changed policy.

    Compares with the last build; nothing of it, and nothing that is published, is touched.
    """
    from orchestration.identity.dry_run import dry_run  # late: it brings large libraries

    workspace = resolve_workspace(data)
    terminal = Terminal(total=1)
    with terminal.step("Run the identity models under the changed policy"):
        found = dry_run(workspace, policy_path, out or workspace.build / "dry_run")
    terminal.say(f"{found.persons_before:,} persons today, {found.persons_after:,} then.")
    for change, people in found.people.items():
        terminal.say(f"  {change:<7} {people:>9,} people {found.records[change]:>9,} records")
    for example in found.examples:
        ways = f"{example.one_id_before or 'nobody'} -> {example.one_id_after or 'nobody'}"
        terminal.say(f"  {example.change:<7} {ways}  {example.records:,} records: {example.record}")
    terminal.say(f"All of them: {' and '.join(_short(file) for file in found.files)}")


@identity.command(name="as-of")
@click.argument("record")
@click.argument("day", metavar="YYYY-MM-DD")
@click.option("--data", "data", metavar="DATA", help="Whose records; else who is published.")
def identity_as_of(record: str, day: str, data: str | None) -> None:
    """Say who RECORD was believed to be on a business date, and who it was by what is known now.

    A record is written as identity.oneid_map names it: crm.members:M00000012.
    """
    from orchestration.identity.as_of import as_of  # late: it brings large libraries

    found = as_of(_published_file(data), record, parse_as_of(day))
    terminal = Terminal(total=1)
    if found.believed is None:
        terminal.say(f"On {day} nothing was known of {record}.")
    else:
        terminal.say(
            f"On {day} {record} was believed to be person {found.believed.one_id} "
            f"(learnt on {found.believed.learnt_date}: {found.believed.caused_by})."
        )
    if found.true is None:
        terminal.say(f"By what is known now, it was not there on {day}.")
    else:
        terminal.say(
            f"By what is known now, it was person {found.true.one_id} (since "
            f"{found.true.effective_date}, learnt on {found.true.learnt_date}: "
            f"{found.true.caused_by})."
        )
    terminal.say(f"Today it is person {found.today}.")


@identity.command(name="restore-log")
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="Whose ids.")
def identity_restore_log(data: str) -> None:
    """Where the build file is lost: take the log of ids from what is published, for the next build.

    Persons then keep the ids they had, and ids that were merged away go on resolving.
    """
    from orchestration.identity.restore_log import restore_log  # late: few need it

    entries = restore_log(resolve_workspace(data))
    Terminal(total=1).say(f"{entries:,} entries of the log are back: build now (rekindle build).")


@identity.command(name="restated")
@click.option("--data", "data", metavar="DATA", default=DATA_SETS[0], help="Whose records.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The CSV file to write. Default: beside the build.",
)
def identity_restated(data: str, out: Path | None) -> None:
    """Show what merges and splits changed between the former publication and this one."""
    from orchestration.identity.restated import restated  # late: few need it

    workspace = resolve_workspace(data)
    found = restated(workspace.serving, out or workspace.build / "restated" / "persons.csv")
    terminal = Terminal(total=1)
    terminal.say(f"{found.line()}.")
    for measure, persons in found.changed.items():
        terminal.say(f"  {measure:<30} is another one for {persons:,}")
    terminal.say(f"All of them: {_short(found.file)}")


@main.command(
    name="dbt",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.option(
    "--data",
    metavar="DATA",
    envvar="REKINDLE_DATA",
    default=DATA_SETS[0],
    help="Whose files dbt works on (before dbt's own arguments).",
)
@_engine_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt_command_line(data: str, engine: Engine, arguments: tuple[str, ...]) -> None:
    """Run dbt on a brand's files: rekindle dbt [--data DATA] show -s member_rfm.

    A command that changes the build file keeps it from being published until the next build.
    """
    workspace = resolve_workspace(data, engine=engine)
    build_file = workspace.build_file()
    files = dbt_files(build_file)
    zone = read_lake(workspace.lake).business_zone if workspace.lake.is_dir() else DEFAULT_ZONE
    environment = with_folders(dbt_environment(workspace.lake, build_file, zone, engine), files)

    def run() -> int:
        command = dbt_command(arguments or ("--help",))
        return subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode

    if not arguments or set(arguments) & DBT_COMMANDS_WITHOUT_BUILD_FILE:
        sys.exit(run())
    with only_writer(build_file):
        note_dbt_command(build_file, arguments)
        code = run()
    sys.exit(code)


@main.group(cls=_Group)
def policy() -> None:
    """The policy files in seeds/policy: thresholds, tiers, labels, limits."""


@policy.command(name="check")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=PROJECT / "seeds" / "policy",
    help="Check the policy files of another folder.",
)
def policy_check(folder: Path) -> None:
    """Say what is wrong with the policy files, each problem in a sentence."""
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}: give the folder of the policy files.")
    Terminal(total=1).say(f"The policies are right: {_policy_note(check_policies(folder))}.")


@main.group(cls=_Group)
def match() -> None:
    """Likeness of persons who share no identifier."""


@match.command(name="train")
@click.option(
    "--data",
    "brands",
    metavar="DATA",
    multiple=True,
    default=DATA_SETS[:1],
    show_default=True,
    help="A built brand to learn from; may be given several times.",
)
@click.option(
    "--valid-from",
    metavar="YYYY-MM-DD",
    default="1900-01-01",
    show_default=True,
    help="The business date from which on the learnt weights hold.",
)
@click.option(
    "--weights",
    "weights_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=PROJECT / "seeds" / "policy" / "match_weights.csv",
    help="The policy file to start from and to write.",
)
def match_train(brands: tuple[str, ...], valid_from: str, weights_file: Path) -> None:
    """Learn from built brands how often levels of agreement occur, and write match_weights.csv.

    Nobody has to say who is the same person: expectation and maximisation finds out. The file is
    policy: look at the difference before it goes live.
    """
    from orchestration.matching.train import train  # late: it brings large libraries

    terminal = Terminal(total=1)
    with terminal.step("Learn the weights of likeness") as notes:
        build_files = [resolve_workspace(brand).build_file() for brand in brands]
        learnt = train(build_files, weights_file, parse_as_of(valid_from))
        notes.append(f"from {learnt.candidates:,} candidate pairs, into {_short(weights_file)}")
    for (comparison, level), after in learnt.after.items():
        before = learnt.before[comparison, level]
        terminal.say(
            f"  {comparison:<9} {level:<16} m {before.m:.4f} -> {after.m:.4f}   "
            f"u {before.u:.7f} -> {after.u:.7f}"
        )


@match.command(name="decide")
@click.argument("left_one_id")
@click.argument("right_one_id")
@click.option(
    "--same/--different", "is_same", default=None, help="One person, or two; one is needed."
)
@click.option("--by", required=True, help="Who decides.")
@click.option("--why", required=True, help="What shows it; no personal data.")
@click.option("--data", "data", metavar="DATA", help="Whose persons; else who is published.")
@click.option(
    "--valid-from",
    metavar="YYYY-MM-DD",
    help="The business date from which on it holds. Default: that of the published file.",
)
@click.option(
    "--decisions",
    "decisions_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DECISIONS,
    help="The policy file to write.",
)
def match_decide(
    left_one_id: str,
    right_one_id: str,
    is_same: bool | None,
    by: str,
    why: str,
    data: str | None,
    valid_from: str | None,
    decisions_file: Path,
) -> None:
    """Decide about a pair of identity.oneid_review_queue; the next build follows it."""
    from orchestration.identity.decide import decide  # late: it brings large libraries

    if is_same is None:
        raise UsageError("What is decided is missing: give --same or --different.")
    decision = decide(
        _published_file(data),
        decisions_file,
        (left_one_id, right_one_id),
        is_same=is_same,
        by=by,
        why=why,
        valid_from=parse_as_of(valid_from) if valid_from else None,
    )
    Terminal(total=1).say(
        f"From {decision.valid_from} on {decision.left_record} and {decision.right_record} are "
        f"{'one person' if is_same else 'two persons'}: a row in {_short(decisions_file)}, which "
        "the next build follows."
    )


def _workspace(data: str | None, data_option: str | None, engine: Engine = ENGINES[0]) -> Workspace:
    if data and data_option and data != data_option:
        raise UsageError(f"DATA is given twice, as {data} and as {data_option}: give one.")
    return resolve_workspace(data or data_option or DATA_SETS[0], engine=engine)


def _options(
    as_of: str | None, rfm_mode: str | None, lifecycle_mode: str | None, full_refresh: bool
) -> BuildOptions:
    day = parse_as_of(as_of) if as_of else None
    if day is not None and day > datetime.now(UTC).date() + timedelta(days=1):
        raise UsageError(f"AS_OF={day} lies in the future: give a day that has come.")
    return BuildOptions(
        as_of=day,
        rfm_mode=rfm_mode,
        lifecycle_mode=lifecycle_mode,
        full_refresh=full_refresh,
    )


def _landing_step(terminal: Terminal, workspace: Workspace) -> None:
    with terminal.step("Landing files") as notes:
        if not workspace.has_adapter:
            notes.append(f"the folder {workspace.landing}, read in place")
        elif _write_landing(terminal, workspace):
            notes.append(f"written to {_short(workspace.landing)}")
        else:
            notes.append(f"up to date in {_short(workspace.landing)}")


def _write_landing(terminal: Terminal, workspace: Workspace) -> bool:
    with terminal.people_progress() as on_people:
        return write_data_set(workspace, on_people)


def _load_step(terminal: Terminal, workspace: Workspace) -> None:
    from orchestration.loading.load import PATIENCE, load  # late: it brings large libraries

    with terminal.step("Load into the raw lake") as notes:
        now = datetime.now(UTC)
        summary = load(workspace.landing, workspace.lake, now=now, patience=PATIENCE)
        notes += summary.lines()
    summary.check()


def _build_step(terminal: Terminal, workspace: Workspace, options: BuildOptions) -> BuildResult:
    on = "" if workspace.engine == ENGINES[0] else f" on {workspace.engine.capitalize()}"
    with terminal.step(f"Build the marts with dbt{on}") as notes:
        with terminal.dbt_progress() as progress:
            result = build(
                workspace,
                options,
                on_plan=lambda plan: terminal.say(f"      {_plan_note(plan)}"),
                on_result=progress,
            )
        notes.append(_counts_note(result))
    return result


def _publish_step(terminal: Terminal, workspace: Workspace, aside: date | None) -> Published:
    with terminal.step("Publish") as notes:
        published = publish(workspace, now=datetime.now(UTC), aside=aside)
        total = sum(published.rows.values())
        notes.append(f"{len(published.rows)} tables, {total:,} rows")
        if published.restated is not None:
            found = published.restated
            notes.append(f"{found.line()} since the former publication: {_short(found.file)}")
    return published


def _plan_note(plan: BuildPlan) -> str:
    day = plan.as_of.isoformat() if plan.as_of else "no date (there is no dated fact yet)"
    where = " beside today's" if plan.aside else ""
    how = f"full refresh: {plan.full_refresh}" if plan.full_refresh else "incremental"
    return f"as of {day}{where}, business zone {plan.lake.business_zone} ({how})"


def _counts_note(result: BuildResult) -> str:
    """`142 tables, views and seeds; 102 data tests passed`."""
    passed = result.counts.get("pass", 0)
    warned = result.counts.get("warn", 0)
    warnings = f", {warned} with a warning" if warned else ""
    built = result.counts.get("success", 0)
    return f"{built} tables, views and seeds; {passed + warned} data tests passed{warnings}"


def _policy_note(counts: dict[str, int]) -> str:
    return f"{len(counts)} files, {sum(counts.values())} rows"


def _closing(terminal: Terminal, published: Published, workspace: Workspace) -> None:
    publication = published.publication
    day = publication.as_of_date.isoformat() if publication.as_of_date else "no date yet"
    terminal.say(f"Published: {publication.brand}, as of {day}, in {terminal.total_time():.0f} s.")
    for file in published.files:
        terminal.say(f"  {_short(file)}")
        terminal.say(f"  {_short(file.parent / 'parquet')}/<schema>/<table>.parquet")
    todays = workspace.serving / BUILD_FILE_NAME
    if todays not in published.files:
        terminal.say(f"An earlier date stands beside today's: {_short(todays)} was left as it is.")
    newest = _short(published.files[-1])
    terminal.say("Ask it something (any DuckDB from 1.5 on reads it):")
    terminal.say(
        f'  {_short(Path(sys.executable))} -c "import duckdb; '
        f"duckdb.connect('{newest}', read_only=True).sql('"
        "select lifecycle_stage, count(*) as persons "
        "from insight.member_lifecycle group by all order by all').show()\""
    )


def _alerts_closing(terminal: Terminal, workspace: Workspace, aside: date | None) -> None:
    """Deliver what the publication of today found, and say how many alerts are open."""
    if aside is not None:
        return
    from orchestration.alerting.channels import read_settings  # late: large libraries
    from orchestration.alerting.overview import overview

    settings = read_settings(workspace)
    counts = overview(workspace).counts()
    if not settings.channels:
        terminal.say(f"{counts}: rekindle alerts shows them. {_no_channels(workspace)}")
        return
    from orchestration.alerting.deliver import deliver

    done = deliver(workspace.alert_store, settings, workspace.brand)
    terminal.say(f"{counts}: rekindle alerts shows them. {done.delivered} messages delivered.")
    for failure in done.failures:
        terminal.say(f"not delivered to {failure.channel}: {failure.reason}.")
    _say_misnamed(terminal, workspace)


def _say_misnamed(terminal: Terminal, workspace: Workspace) -> None:
    from orchestration.alerting.channels import ChannelError, misnamed, read_settings

    try:
        settings = read_settings(workspace)
    except ChannelError as error:
        terminal.say(f"Nothing can be sent: {error}")
        return
    for sentence in misnamed(settings, datetime.now(UTC).date()):
        terminal.say(sentence)


def _no_channels(workspace: Workspace) -> str:
    from orchestration.alerting.channels import settings_file

    return (
        f"Nothing was sent: no channel is configured ({_short(settings_file(workspace))}, see "
        "docs/alerts.md)."
    )


def _short(path: Path) -> str:
    """The path from the working directory where it lies inside it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


if __name__ == "__main__":
    main()
