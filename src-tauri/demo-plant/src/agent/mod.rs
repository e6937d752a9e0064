//! The agent: a real MCP client that reads stock, machines and orders through the console's gateway and asks for purchase
//! orders, and now and then for changes on the shop floor, that the readings call for. It owns nothing: what it may do, a person decides at the other end.
//! It comes back after lost connections and asks again with the same idempotency key, so nothing is ordered twice.

mod desk;
mod floor;
mod gateway;
mod need;
mod reply;
mod subject;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::dice::Dice;
use crate::faults::hold;
use desk::Desk;
use floor::{FloorReading, Wish};
use gateway::{Gateway, Lost};
use need::Reading;
use reply::Reply;
use subject::{Ask, Subject};

const LOOK_EVERY: Duration = Duration::from_secs(30);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(20);

/// Where the gateway is and what opens it, as the console hands it over.
#[derive(Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) gateway_url: String,
    token: String,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("gateway_url", &self.gateway_url)
            .field("token", &"<redacted>")
            .finish()
    }
}

/// How this agent behaves.
#[derive(Debug, Clone)]
pub(crate) struct Habits {
    pub(crate) seed: u64,
    pub(crate) is_quiet: bool,
    pub(crate) first_after: Duration,
}

/// Why a session with the gateway ended.
enum Ended {
    NewAccess,
    Lost(Lost),
}

/// Works as long as the plant lives, from the moment access is given.
pub(crate) async fn work(habits: Habits, mut access: watch::Receiver<Option<Access>>) {
    let desk = Arc::new(Mutex::new(Desk::new(Dice::new(habits.seed, "agent"))));
    let mut next_ask: Option<Instant> = None;
    let mut back_off = Duration::from_millis(250);
    loop {
        let Some(given) = access.borrow_and_update().clone() else {
            if access.changed().await.is_err() {
                return;
            }
            continue;
        };
        let next_ask = next_ask.get_or_insert_with(|| Instant::now() + habits.first_after);
        let ended = match Gateway::connect(&given.gateway_url, &given.token).await {
            Ok(gateway) => {
                tracing::info!(
                    tools = gateway.tools().len(),
                    "the agent is connected to the gateway"
                );
                back_off = Duration::from_millis(250);
                session(&habits, &desk, &Arc::new(gateway), next_ask, &mut access).await
            }
            Err(lost) => Ended::Lost(lost),
        };
        if let Ended::Lost(Lost(reason)) = ended {
            tracing::warn!(
                reason,
                wait_ms = back_off.as_millis(),
                "the agent has lost the gateway"
            );
            tokio::select! {
                () = sleep(back_off) => {}
                changed = access.changed() => if changed.is_err() { return },
            }
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
        }
    }
}

async fn session(
    habits: &Habits,
    desk: &Arc<Mutex<Desk>>,
    gateway: &Arc<Gateway>,
    next_ask: &mut Instant,
    access: &mut watch::Receiver<Option<Access>>,
) -> Ended {
    let mut pursuits = JoinSet::new();
    for ask in hold(desk).open() {
        tracing::info!(subject = %ask.subject, "the agent comes back to an open request");
        pursuits.spawn(pursue(Arc::clone(gateway), Arc::clone(desk), ask));
    }
    let mut next_look = Instant::now();
    loop {
        let may_ask = !habits.is_quiet && hold(desk).has_room();
        tokio::select! {
            () = sleep_until(*next_ask), if may_ask => {
                match ask_for_something(gateway, desk).await {
                    Ok(Some(ask)) => {
                        pursuits.spawn(pursue(Arc::clone(gateway), Arc::clone(desk), ask));
                        next_look = Instant::now() + LOOK_EVERY;
                    }
                    Ok(None) => {}
                    Err(lost) => return Ended::Lost(lost),
                }
                *next_ask = Instant::now() + hold(desk).pause();
            }
            Some(done) = pursuits.join_next(), if !pursuits.is_empty() => match done {
                Ok(Ok(())) => {
                    // With little left to decide, the next request should not be long in coming.
                    *next_ask = (*next_ask).min(Instant::now() + hold(desk).pause());
                }
                Ok(Err(lost)) => return Ended::Lost(lost),
                Err(error) => tracing::error!(%error, "a request of the agent failed"),
            },
            () = sleep_until(next_look) => {
                next_look = Instant::now() + LOOK_EVERY;
                match read(gateway).await {
                    Ok(reading) => tracing::info!(
                        machines_down = reading.down.len(),
                        short = reading.needs().len(),
                        "the agent has looked"
                    ),
                    Err(lost) => return Ended::Lost(lost),
                }
            }
            changed = access.changed() => {
                if changed.is_ok() {
                    return Ended::NewAccess;
                }
                // Nobody will hand over anything else; this session goes on with what it has.
                sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// Reads the plant and picks what to ask for; `None` when nothing is needed.
async fn ask_for_something(gateway: &Gateway, desk: &Mutex<Desk>) -> Result<Option<Ask>, Lost> {
    let wishes = hold(desk).wants_from_floor(gateway.tools());
    if let Some(ask) = ask_for_the_floor(gateway, desk, &wishes).await? {
        return Ok(Some(ask));
    }
    let reading = read(gateway).await?;
    let ask = hold(desk).plan(&reading, Instant::now(), crate::now_ms());
    match &ask {
        Some(ask) => tracing::info!(
            subject = %ask.subject,
            arguments = %ask.arguments["items"],
            "the agent asks for a purchase order"
        ),
        None => tracing::info!("the agent needs nothing"),
    }
    Ok(ask)
}

/// Reads orders and machines, whose versions a change needs, and picks a change; `None` when it is not the turn of one.
async fn ask_for_the_floor(
    gateway: &Gateway,
    desk: &Mutex<Desk>,
    wishes: &[Wish],
) -> Result<Option<Ask>, Lost> {
    if wishes.is_empty() {
        return Ok(None);
    }
    let mut reading = FloorReading::default();
    let nothing = || serde_json::json!({});
    if let Some(answer) = gateway.read("mes_get_production_orders", nothing()).await? {
        reading.add_orders(&answer);
    }
    if let Some(answer) = gateway.read("mes_get_machine_status", nothing()).await? {
        reading.add_machines(&answer);
    }
    let ask = hold(desk).plan_floor(wishes, &reading, Instant::now());
    if let Some(ask) = &ask {
        tracing::info!(tool = ask.tool, subject = %ask.subject, "the agent asks for a change on the floor");
    }
    Ok(ask)
}

/// Reads stock plant by plant and the machines; what is refused is missing from the reading.
async fn read(gateway: &Gateway) -> Result<Reading, Lost> {
    let mut reading = Reading::default();
    for plant in crate::company::PLANTS {
        let filter = serde_json::json!({"plant": plant, "stock_type": "unrestricted"});
        if let Some(answer) = gateway.read("sap_get_inventory", filter).await? {
            reading.add_stock(&answer);
        }
    }
    if let Some(answer) = gateway
        .read("mes_get_machine_status", serde_json::json!({}))
        .await?
    {
        reading.add_machines(&answer);
    }
    if let Some(answer) = gateway
        .read("mes_get_downtime_events", serde_json::json!({}))
        .await?
    {
        reading.add_downtime(&answer);
    }
    Ok(reading)
}

/// Follows one request until it is settled; a lost gateway leaves it open on the desk.
async fn pursue(gateway: Arc<Gateway>, desk: Arc<Mutex<Desk>>, ask: Ask) -> Result<(), Lost> {
    let mut approval_id = ask.approval_id.clone();
    loop {
        let reply = match &approval_id {
            Some(id) => {
                let arguments = serde_json::json!({"approval_id": id});
                gateway.call("await_approval", arguments).await?
            }
            None => gateway.call(ask.tool, ask.arguments.clone()).await?,
        };
        match reply {
            Reply::Pending {
                approval_id: id,
                retry_after,
            } => {
                if approval_id.is_none() {
                    tracing::info!(
                        approval = id,
                        subject = %ask.subject,
                        "the request waits for a person"
                    );
                }
                hold(&desk).note_approval(&ask.key, &id);
                approval_id = Some(id);
                sleep(retry_after).await;
            }
            Reply::SlowDown { retry_after } => {
                tracing::info!(subject = %ask.subject, "the gateway wants fewer calls");
                sleep(retry_after).await;
            }
            settled => {
                report(&ask, &settled);
                hold(&desk).settle(&ask.key, &settled, Instant::now());
                return Ok(());
            }
        }
    }
}

fn report(ask: &Ask, reply: &Reply) {
    let subject = &ask.subject;
    match reply {
        Reply::Ordered { .. } if !matches!(subject, Subject::Material { .. }) => {
            tracing::info!(%subject, tool = ask.tool, "the change was made");
        }
        Reply::Ordered { number: Some(number) } => {
            tracing::info!(%subject, order = number, "the purchase order exists");
        }
        Reply::Ordered { number: None } => {
            tracing::info!(%subject, "the purchase order exists, number not told");
        }
        Reply::Denied { reason } => tracing::info!(%subject, reason, "the request was denied"),
        Reply::Expired => tracing::info!(%subject, "nobody decided in time"),
        Reply::Failed { reason } => {
            tracing::warn!(%subject, reason, "what was asked for was approved but not done");
        }
        Reply::Unknown => tracing::warn!(
            %subject,
            "whether it was done is not known; not asking again"
        ),
        Reply::Refused { reason } => tracing::warn!(%subject, reason, "the gateway refused the request"),
        Reply::NotDone { reason } => tracing::info!(%subject, reason, "nothing was done"),
        Reply::Pending { .. } | Reply::SlowDown { .. } => {}
    }
}
