//! Breadth first through all states, so that what is found is told by a shortest game.

use std::collections::HashMap;
use std::fmt;

use crate::promise::Promise;
use crate::variant::Variant;
use crate::world::{Bounds, Game, Move, World};

/// All states were met, and every promise held in each.
#[derive(Clone, Copy, Debug)]
pub struct Explored {
    /// How many states there are.
    pub states: usize,
    /// How many moves the longest of the shortest games has.
    pub depth: usize,
    /// How many different services, gates, messages and networks they are made of.
    pub parts: [usize; 4],
}

/// A promise was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Which.
    pub promise: Promise,
    /// A shortest game that breaks it, move by move, and how it ends.
    pub game: Vec<String>,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "broken: {}", self.promise)?;
        self.game.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Plays all games within the bounds, and looks in every state whether the promises hold.
pub fn explore(
    variant: Variant,
    bounds: Bounds,
    promises: &[Promise],
) -> Result<Explored, Box<Broken>> {
    let mut game = Game::new(variant, bounds);
    let first = game.begin();
    let mut known = HashMap::from([(first, 0)]);
    let mut steps = vec![Step { before: 0, way: Move::Wait }];
    let (mut depth, mut frontier) = (0, vec![first]);
    while !frontier.is_empty() {
        let mut next_frontier = Vec::new();
        for world in frontier {
            let before = known[&world];
            for (way, after) in game.moves(world) {
                if known.contains_key(&after) {
                    continue;
                }
                known.insert(after, number(steps.len()));
                steps.push(Step { before, way });
                if let Some(promise) = game.broken(after, promises) {
                    return Err(Box::new(told(&game, promise, first, &steps, &known)));
                }
                next_frontier.push(after);
            }
        }
        frontier = next_frontier;
        depth += usize::from(!frontier.is_empty());
    }
    Ok(Explored { states: steps.len(), depth, parts: game.sizes() })
}

/// How a state was met first.
#[derive(Clone, Copy)]
struct Step {
    before: u32,
    way: Move,
}

/// Follows the steps back from the last one, and plays them again to tell them.
fn told(
    game: &Game,
    promise: Promise,
    first: World,
    steps: &[Step],
    known: &HashMap<World, u32>,
) -> Broken {
    let worlds: HashMap<u32, World> = known.iter().map(|(world, nth)| (*nth, *world)).collect();
    let mut nth = number(steps.len() - 1);
    let mut lines = vec![game.tell_state(worlds[&nth])];
    while worlds[&nth] != first {
        let Step { before, way } = steps[nth as usize];
        lines.push(game.tell(worlds[&before], way));
        nth = before;
    }
    lines.reverse();
    Broken { promise, game: lines }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).expect("fewer than four thousand million states")
}
