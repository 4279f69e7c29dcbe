"""A plugin for beets: genres for the music of a library, on import and by the command `beet genrebench`.

Beets finds it where genrebench is installed, once `genrebench` is in the list `plugins` of its configuration.
"""

import os
from collections import Counter
from collections.abc import Iterable
from optparse import Values
from pathlib import Path

import confuse
from beets import ui
from beets.importer import ImportSession, ImportTask
from beets.library import Album, Item, Library
from beets.plugins import BeetsPlugin

from genrebench.common.cli import InputError
from genrebench.common.formatting import counted, printable
from genrebench.common.workers import Failure, Workers
from genrebench.inference import batch
from genrebench.inference.description import read_description
from genrebench.inference.registry import default_results, find_model
from genrebench.tagging.choice import Choice, default_name, read_names
from genrebench.tagging.tags import is_none

DEFAULTS = {
    "auto": True,  # on import
    "force": False,  # also where there is a genre
    "pretend": False,
    "model": None,  # a folder, or a name, as of `genrebench predict --model`
    "results": None,
    "names": None,  # a file, as of `genrebench tag --names`
    "top": None,
    "at_least": None,
}


class GenrebenchPlugin(BeetsPlugin):
    """Sets `genres` where there is none, and where the model does not abstain."""

    def __init__(self) -> None:
        super().__init__()
        self.config.add(DEFAULTS)
        if self.config["auto"].get(bool):
            self.import_stages = [self.imported]
            self.register_listener("import_task_files", self.write_imported)
        self.register_listener("cli_exit", self.close)
        self._workers: Workers | None = None
        self._unwritten: set[int] = set()  # ids of items whose files lack the genre
        self._choice: Choice | None = None

    def commands(self) -> list[ui.Subcommand]:
        """The command `beet genrebench [query]`."""
        command = ui.Subcommand("genrebench", help="set genres from what the music sounds like")
        command.parser.add_option("-p", "--pretend", action="store_true", help="show what would be set")
        command.parser.add_option("-f", "--force", action="store_true", help="also where there is a genre")
        command.func = self.command
        return [command]

    def command(self, library: Library, options: Values, query: list[str]) -> None:
        """Set the genres of all music that matches a query, and then of its albums."""
        self.config.set_args({name: value for name, value in vars(options).items() if value})
        items = list(library.items(query))  # once: a query for music without genres matches no more afterwards
        found = self.set_genres(items, ui.should_write())
        for number in sorted({item.album_id for item in items if item.album_id}):
            self.set_album(library.get_album(number))
        would = "would get a genre" if self.config["pretend"].get(bool) else "got a genre"
        ui.print_(
            f"{counted(found['set'], 'file')} {would}, {found['kept']} had one, {found['abstained']} without: low "
            f"confidence, {found['failed']} failed"
        )

    def imported(self, session: ImportSession, task: ImportTask) -> None:
        """Set the genres of what is being imported; the files are not yet where they belong."""
        self.set_genres(task.imported_items(), write=False)
        if task.is_album:
            self.set_album(task.album)

    def write_imported(self, session: ImportSession, task: ImportTask) -> None:
        """Write the files whose genre was set; beets itself does so only where it found a release for them."""
        for item in task.imported_items():
            if item.id in self._unwritten:
                self._unwritten.discard(item.id)
                if ui.should_write():
                    item.try_sync(write=True, move=False)

    def set_genres(self, items: Iterable[Item], write: bool) -> Counter[str]:
        """Set the genres of items where there is none; returns how many were set, kept, abstained from, or failed."""
        counts: Counter[str] = Counter()
        wanted = []
        for item in items:
            if self._is_wanted(item):
                wanted.append(item)
            else:
                counts["kept"] += 1
        workers, choice = self._ready() if wanted else (None, None)
        if workers and choice:
            results = workers.map((item.filepath, None) for item in wanted)
            for item, result in zip(wanted, results, strict=True):
                counts[self._set(item, result, choice, write)] += 1
        return counts

    def set_album(self, album: Album | None) -> None:
        """Give an album the genre of most of its items."""
        if album is None or not self._is_wanted(album) or self.config["pretend"].get(bool):
            return
        genres = Counter(genre for item in album.items() for genre in item.genres)
        if genres:
            album.genres = [genres.most_common(1)[0][0]]
            album.store(inherit=False)

    def close(self, **_: object) -> None:
        """End the processes that predict."""
        if self._workers:
            self._workers.close()

    def _is_wanted(self, of: Item | Album) -> bool:
        return self.config["force"].get(bool) or all(map(is_none, of.genres))

    def _set(self, item: Item, result: object, choice: Choice, write: bool) -> str:
        """Set the genres of one item; returns what became of it."""
        if isinstance(result, str | Failure):
            self._log.error("{}", printable(result if isinstance(result, str) else f"{item.filepath} {result.reason}"))
            return "failed"
        genres, reason = choice.of(result)
        name = printable(str(item))
        if not genres:
            self._log.info("no genre: {} ({})", name, reason)
            return "abstained"
        if self.config["pretend"].get(bool):
            ui.print_(f"{', '.join(genres)}: {name}")
            return "set"
        self._log.info("{}: {}", ", ".join(genres), name)
        item.genres = list(genres)
        item.try_sync(write=write, move=False)
        if not write:
            self._unwritten.add(item.id)
        return "set"

    def _ready(self) -> tuple[Workers, Choice]:
        """The processes that predict, and how genres are chosen; raises UserError if the settings are wrong."""
        if self._workers is None or self._choice is None:
            try:
                results = self.config["results"].get(confuse.Optional(confuse.Filename()))
                model = find_model(
                    self.config["model"].get(confuse.Optional(str)), Path(results) if results else default_results()
                )
                genres = read_description(model)["genres"]
                names = self.config["names"].get(confuse.Optional(confuse.Filename()))
                given = read_names(Path(names), genres) if names else {one: default_name(one) for one in genres}
                top = self.config["top"].get(confuse.Optional(int))
                self._choice = Choice(given, top, self.config["at_least"].get(confuse.Optional(confuse.Number())))
            except InputError as error:
                raise ui.UserError(str(error)) from None
            self._workers = Workers(batch.start, [model], os.cpu_count() or 1)
        return self._workers, self._choice
