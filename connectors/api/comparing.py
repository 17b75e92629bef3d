"""The route that tells which variant of a template does better."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from connectors.api import result_shapes
from connectors.api.delivering import NOT_FOUND
from connectors.api.door import Door
from connectors.api.result_models import TemplateResults
from connectors.problems import Problem
from connectors.stores.credentials import Credential, Credentials, Scope
from connectors.stores.postgres import Database
from connectors.stores.queries import results

DAYS = 30
MOST_DAYS = 366
MOST = 1_000  # channels x versions x variants that are shown
DAY_MS = 86_400_000

Name = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS, description="How far back is counted.")]


def add_results(router: APIRouter, *, database: Database, credentials: Credentials) -> None:
    """Add the route about results, which needs the scope `read`."""
    Reader = Annotated[Credential, Depends(Door(credentials, Scope.READ))]  # noqa: N806 - a type

    @router.get(
        "/templates/{name}/results",
        tags=["templates"],
        summary="Which variant does better?",
        responses=NOT_FOUND,
    )
    async def template_results(who: Reader, name: Name, days: Days = DAYS) -> TemplateResults:
        """Count what each variant came to, and say whether the best is better by more than chance.

        By channel and version of the template, for other words are another experiment.
        """
        since = time.time_ns() // 1_000_000 - days * DAY_MS
        async with database.transaction() as connection:
            known = await results.template(connection, tenant=who.tenant, name=name)
            rows = await results.of_template(
                connection, tenant=who.tenant, name=name, since=since, most=MOST
            )
        if known is None and not rows:
            raise Problem(404, "no template has this name, and nothing was sent by it")
        return result_shapes.results(name, days=days, since=since, template=known, rows=rows)
