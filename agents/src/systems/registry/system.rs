//! The registry as a system: roles, faults, and its deployment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_sim::tokio::join;
use rehearsal_sim::tokio::net::TcpListener;

use super::defects;
use super::faults::{self, REGISTRY, USER};
use super::marks;
use super::plan::{Moments, Plan};
use super::record::{HistoryAudit, MODEL, Secrets};
use super::service::{Change, HandlerStart, Service, ServiceSettings, Tokens};
use super::settings::{OldRegistry, RegistryScenario, RegistrySpec};
use super::user::User;
use super::wire::PORT;
use crate::driver::{ClientHost, Deployment, Node, Planner};
use crate::record::marks::{INTERLEAVED, RECONNECTED};
use crate::record::recorder::name_task;
use crate::system::{AnySystem, Facet, Role, System, SystemInfo};

/// The registry's entry in the table of systems.
pub static INFO: SystemInfo = SystemInfo {
    name: "registry",
    summary: "Creates agents for users, and tells each user every step of its agents.",
    roles: &[Role::server(REGISTRY), Role::client(USER)],
    faults: &faults::FAULTS,
    records: &[
        Facet::Messages,
        Facet::Operations,
        Facet::Spans,
        Facet::Resources,
        Facet::Invariants,
        Facet::Engine,
    ],
    needed: &[],
    defects: &defects::DEFECTS,
    marks: &[
        RECONNECTED,
        INTERLEAVED,
        marks::CLASS_REFUSED,
        marks::EMITTED_EARLY,
        marks::OPENED_ONCE,
        marks::FLAG_SWITCHED,
        marks::CLASSES_RENEWED,
        marks::CREATION_DROPPED,
        marks::REQUEST_REPEATED,
        marks::AGENT_STOPPED,
        marks::SESSION_EXPIRED,
        marks::TOOL_FAILED,
        marks::WINDOW_FULL,
    ],
    model: &MODEL,
};

/// The registry as a member of the table of systems.
pub static SYSTEM: &dyn AnySystem = &Registry;

/// The registry of agents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Registry;

impl System for Registry {
    type Settings = RegistryScenario;

    fn info(&self) -> &'static SystemInfo {
        &INFO
    }

    fn deploy(&self, spec: &RegistrySpec, planner: &mut Planner) -> Deployment {
        let plan = Plan::draw(&spec.settings, planner);
        let mut deployment = Deployment::new();
        deployment.longest_work(plan.longest_work());
        let process = Rc::new(Process {
            spec: spec.clone(),
            tokens: plan.tokens(),
            secrets: plan.secrets(),
            moments: plan.moments,
            running: RefCell::new(None),
        });
        add_service(&mut deployment, &process);
        let (contexts, idle) = (spec.settings.registry.contexts, &spec.settings.connections);
        for planned in plan.users {
            let host = ClientHost::Own(planned.id.to_string());
            let user = User {
                work: deployment.work(),
                plan: planned,
                connections: idle.clone(),
                contexts,
            };
            deployment.client(USER, host, move |node| user.run(node));
        }
        deployment
    }
}

fn add_service(deployment: &mut Deployment, process: &Rc<Process>) {
    let of_process = || Rc::clone(process);
    let (booting, showing, ending) = (of_process(), of_process(), of_process());
    deployment.server(REGISTRY, REGISTRY, move |node| {
        Rc::clone(&booting).boot(node)
    });
    deployment.on_snapshot(move || {
        let process = Rc::clone(&showing);
        async move { process.snapshot().await }
    });
    deployment.on_shutdown(move || {
        let process = Rc::clone(&ending);
        async move { process.shut_down().await }
    });
}

/// The process of the service.
struct Process {
    spec: RegistrySpec,
    tokens: Tokens,
    secrets: Secrets,
    moments: Moments,
    running: RefCell<Option<Running>>,
}

#[derive(Clone)]
struct Running {
    service: Arc<Service>,
    audit: Arc<HistoryAudit>,
}

impl Process {
    async fn boot(self: Rc<Self>, node: Node) {
        name_task("service");
        let settings = &self.spec.settings;
        let registries = match settings.migration.old {
            OldRegistry::Shim => 1,
            OldRegistry::Separate => 2,
        };
        let audit = Arc::new(HistoryAudit::new(
            node.actors().clone(),
            self.secrets.clone(),
            registries,
        ));
        let settings = ServiceSettings {
            registry: settings.registry.clone(),
            migration: settings.migration.clone(),
            idle_timeout: settings.connections.idle_timeout,
            handler: match self.moments.manager {
                None => HandlerStart::WithFirstConnection,
                Some(_) => HandlerStart::ByItself,
            },
            tokens: self.tokens.clone(),
            defect: self.spec.defect,
        };
        let service = Service::new(settings, audit.clone());
        self.running.replace(Some(Running {
            service: Arc::clone(&service),
            audit,
        }));
        let listener = TcpListener::bind(("0.0.0.0", PORT)).await;
        node.ready();
        if let Ok(listener) = listener {
            join!(service.serve(listener), self.schedule(&node, &service));
        }
    }

    /// Schedules the changes of the service once the work starts.
    async fn schedule(&self, node: &Node, service: &Arc<Service>) {
        node.started().await;
        let Moments {
            manager,
            flag,
            renewal,
        } = self.moments;
        let changes = [
            (manager, Change::WebSocketManager),
            (flag, Change::UseMasterRegistry),
            (renewal, Change::RenewClasses),
        ];
        for (time, change) in changes {
            if let Some(time) = time {
                service.schedule(time, change);
            }
        }
    }

    fn running(&self) -> Option<Running> {
        self.running.borrow().clone()
    }

    /// Records everything that the service holds.
    async fn snapshot(&self) {
        if let Some(Running { service, audit }) = self.running() {
            audit.held(service.held().await);
        }
    }

    async fn shut_down(&self) {
        // Dropped on a time-out too.
        let running = self.running.take();
        if let Some(Running { service, .. }) = running {
            service.shut_down().await;
        }
    }
}
