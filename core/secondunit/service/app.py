"""The service, put together: the only place that knows all its parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from secondunit import tasks as all_tasks
from secondunit.service import PROTOCOL, page, problems, tasks
from secondunit.service.auth import Door, Keys
from secondunit.service.events import HEARTBEAT, Events, Hub
from secondunit.service.fetching import Fetching
from secondunit.service.jobs import Jobs
from secondunit.service.pictures import Pictures
from secondunit.service.previews import Previews
from secondunit.service.roots import Roots
from secondunit.service.schemas import components
from secondunit.service.system import System, version
from secondunit.service.takes import Takes
from secondunit.service.timelines import Timelines
from secondunit.settings import Settings

if TYPE_CHECKING:
    from secondunit.engine.unit import Unit


def build(
    unit: Unit,
    settings: Settings,
    keys: Keys | None = None,
    roots: Roots | None = None,
    heartbeat: float = HEARTBEAT,
) -> FastAPI:
    """The application that serves a unit. Whoever builds it closes the unit afterwards.

    `keys` hold its token; `roots` say which files may be used, all but the system's own without
    them; `heartbeat` is how many seconds a listener hears nothing at most.
    """
    keys = keys or Keys()
    roots = roots or Roots.usual(data=settings.data)
    hub = Hub(unit)
    previews = Previews(settings.data / "previews")
    fetching = Fetching(settings)

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        hub.start()
        await run_in_threadpool(all_tasks.cards)  # loaded before somebody waits for them
        yield
        await run_in_threadpool(fetching.close)
        await hub.stop()
        previews.close()

    app = Described(
        title="Second Unit",
        version=version(),
        description=f"What panels, scripts and farms ask. Protocol {PROTOCOL}.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # FastAPI's pages load parts from elsewhere
        redoc_url=None,
        lifespan=living,
        separate_input_output_schemas=False,
    )
    app.state.hub, app.state.keys = hub, keys
    problems.install(app)
    v1 = APIRouter(prefix="/v1")
    v1.include_router(System(unit, settings, roots, hub, keys, fetching).router())
    v1.include_router(fetching.router())
    v1.include_router(tasks.router())
    v1.include_router(Jobs(unit, roots, hub).router())
    v1.include_router(Takes(unit, roots, keys, previews).router())
    v1.include_router(Pictures(roots).router())
    v1.include_router(Timelines(unit, settings, roots).router())
    v1.include_router(Events(unit, hub, heartbeat).router())
    app.include_router(v1)
    app.include_router(page.router())
    app.add_middleware(Door, keys=keys)
    return app


class Described(FastAPI):
    """An application whose description knows the contract's words, and how to come in."""

    def openapi(self) -> dict[str, Any]:
        """The description, as OpenAPI."""
        if self.openapi_schema is None:
            told = super().openapi()
            parts = told.setdefault("components", {})
            parts["schemas"] = components()
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            for path, routes in told["paths"].items():
                for route in routes.values():
                    free = path in ("/v1/health", "/v1/tickets/redeem")
                    route["security"] = [] if free else [{"token": []}]
            self.openapi_schema = told
        return self.openapi_schema
