"""The HTTP server: `python -m connectors.serve` runs ingest, API and callbacks in one process."""

import argparse
import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import orjson
import prometheus_client
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from connectors import logs, problems
from connectors import parts as shared
from connectors.ingest import app as ingest
from connectors.ingest.app import Gateway
from connectors.ingest.rules import RuleBook
from connectors.ingest.shortcut import Shortcut
from connectors.ingest.slow_clients import BodyInTime, impatient
from connectors.kafka import Follower
from connectors.parts import Parts
from connectors.problems import Problem
from connectors.settings import Serving, Settings
from schemas import topics
from schemas.errors import ConfigurationError, RedisUnavailable, Transient

READY_S = 2.0
ROOMS = frozenset({"ingest", "api", "callbacks"})


def build(settings: Settings, *, rooms: frozenset[str] = ROOMS) -> ASGIApp:
    """Make the application with these rooms; its lifespan opens and closes what they need."""
    parts = shared.made(settings)
    rules = RuleBook()
    follower = Follower(settings.cluster, settings.names.topic(topics.CONTROL_RULES), rules.obey)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as open_parts:
            await parts.database.open()
            open_parts.push_async_callback(parts.database.close)
            if parts.redis is not None:
                open_parts.push_async_callback(parts.redis.close)
            await open_parts.enter_async_context(parts.producer)
            if "ingest" in rooms:
                await open_parts.enter_async_context(follower)
            _settle_memory()
            yield

    app = FastAPI(title="Tocsin", lifespan=lifespan, docs_url="/docs", redoc_url=None)
    gateway: Gateway | None = None
    if "ingest" in rooms:
        gateway = Gateway(_ingest_parts(parts, rules, lambda: follower.loaded))
        app.include_router(ingest.routes(gateway))
    _answer_errors(app)
    _add_health(app, parts, loaded=lambda: follower.loaded or "ingest" not in rooms)
    if "api" in rooms:
        # Late, so that a process for ingest alone never loads the API.
        from connectors.api import app as api

        app.include_router(api.routes(parts))
    if "callbacks" in rooms:
        from connectors.callbacks import app as callbacks

        app.include_router(callbacks.routes(parts))
    served: ASGIApp = Shortcut(app, gateway=gateway) if gateway else app
    return BodyInTime(served, body_s=settings.serving.read_timeout_s)


def _settle_memory() -> None:
    # What was made at start stays. Walking through all of it again and again held every request
    # up for as long as fifty requests take, and made the slowest hundredth of the answers.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _ingest_parts(parts: Parts, rules: RuleBook, loaded: Callable[[], bool]) -> ingest.Parts:
    return ingest.Parts(
        names=parts.settings.names,
        producer=parts.producer,
        credentials=parts.credentials,
        heard=parts.heard,
        rules=rules,
        rules_loaded=loaded,
        taking=parts.settings.taking,
        redis=parts.redis,
        public_url=parts.settings.serving.public_url,
    )


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def problem(_: Request, wrong: Problem) -> Response:
        return wrong.response()

    @app.exception_handler(Transient)
    async def transient(_: Request, away: Transient) -> Response:
        return problems.unavailable(away).response()

    @app.exception_handler(HTTPException)
    async def http(_: Request, wrong: HTTPException) -> Response:
        return Problem(wrong.status_code, str(wrong.detail), headers=wrong.headers).response()

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, wrong: RequestValidationError) -> Response:
        return problems.invalid(wrong).response()

    @app.exception_handler(Exception)
    async def unexpected(_: Request, wrong: Exception) -> Response:
        return problems.unexpected(wrong).response()


def _add_health(app: FastAPI, parts: Parts, *, loaded: Callable[[], bool]) -> None:
    @app.get("/health/live", tags=["health"], summary="Say that the process runs.")
    async def live() -> Response:
        return _json({"live": True})

    @app.get("/health/ready", tags=["health"], summary="Say whether requests can be served.")
    async def ready() -> Response:
        kafka = await parts.producer.reachable(READY_S)
        said = {"kafka": kafka, "rules": loaded(), "redis": await _redis_answers(parts)}
        # Redis is a courtesy: without it alerts are taken and no duplicate is told.
        is_ready = said["kafka"] and said["rules"]
        return _json({"ready": is_ready, **said}, status=200 if is_ready else 503)

    @app.get("/metrics", tags=["health"], summary="Give the metrics to Prometheus.")
    async def metrics() -> Response:
        return Response(
            prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST
        )


async def _redis_answers(parts: Parts) -> bool:
    if parts.redis is None:
        return False
    try:
        await parts.redis.ping(within_s=READY_S)
    except RedisUnavailable:
        return False
    return True


def _json(said: object, *, status: int = 200) -> Response:
    return Response(orjson.dumps(said), status_code=status, media_type="application/json")


def server(app: ASGIApp, serving: Serving) -> uvicorn.Server:
    """Make the server around an application."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=serving.host,
            port=serving.port,
            loop="uvloop",
            http=impatient(head_s=serving.read_timeout_s, head_bytes=serving.head_bytes),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who calls, or by which address
            limit_concurrency=serving.connections,
            timeout_keep_alive=serving.idle_timeout_s,
            timeout_graceful_shutdown=serving.stop_s,
        )
    )


def main() -> int:
    """Serve until told to stop; 2 where a setting cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m connectors.serve", description=__doc__)
    only = parser.add_mutually_exclusive_group()
    for room in sorted(ROOMS):
        only.add_argument(
            f"--{room}-only", dest="rooms", action="store_const", const=frozenset({room})
        )
    parser.set_defaults(rooms=ROOMS)
    options = parser.parse_args()
    logs.set_up()
    try:
        settings = Settings.from_env()
    except ConfigurationError as wrong:
        print(f"error: {wrong}", file=sys.stderr)
        return 2
    running = server(build(settings, rooms=options.rooms), settings.serving)
    running.run()
    return 0 if running.started else 1


if __name__ == "__main__":
    sys.exit(main())
