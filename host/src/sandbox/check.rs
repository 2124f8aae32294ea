//! The look at a component before anything is compiled: 897 bytes can cost the compiler 12 s and 3 GB.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, Encoding,
    Instance, Parser, Payload,
};

use super::Error;
use super::contract;
use crate::limits;

/// The findings of the walk.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    /// Core instances over all nested components.
    pub(super) instances: u64,
    pub(super) code_bytes: usize,
    pub(super) largest_function: usize,
    /// Of the whole component.
    pub(super) bytes: usize,
}

/// Checks the size, the structure and the world.
pub(super) fn check(bytes: &[u8]) -> Result<Findings, Error> {
    if bytes.len() > limits::COMPONENT_MAX_BYTES {
        return Err(Error::TooLarge(bytes.len()));
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(Error::NotWasm);
    }
    if Parser::is_core_wasm(bytes) {
        return Err(Error::CoreModule);
    }
    let findings = Findings { bytes: bytes.len(), ..walk(bytes)? };
    check_bounds(&findings)?;
    contract::check(&findings)?;
    Ok(findings)
}

fn check_bounds(findings: &Findings) -> Result<(), Error> {
    if findings.instances > limits::COMPONENT_INSTANCES_MAX {
        return Err(Error::TooManyInstances { found: findings.instances });
    }
    if findings.code_bytes > limits::COMPONENT_CODE_MAX_BYTES {
        return Err(Error::TooMuchCode { found: findings.code_bytes });
    }
    if findings.largest_function > limits::COMPONENT_FUNCTION_MAX_BYTES {
        return Err(Error::FunctionTooLarge { found: findings.largest_function });
    }
    Ok(())
}

/// A component or module whose end has not been reached.
struct Open {
    is_component: bool,
    /// Core instances that one instance of this component makes.
    instances: u64,
    /// The same for each component that it can name by an index.
    components: Vec<u64>,
}

fn walk(bytes: &[u8]) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut open: Vec<Open> = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::Version { encoding, .. } => {
                let is_component = encoding == Encoding::Component;
                open.push(Open { is_component, instances: 0, components: Vec::new() });
            }
            Payload::End(_) => end(&mut open, &mut findings),
            Payload::CodeSectionEntry(body) => {
                let size = body.as_bytes().len();
                findings.code_bytes = findings.code_bytes.saturating_add(size);
                findings.largest_function = findings.largest_function.max(size);
            }
            payload => read_section(payload, &mut open, &mut findings)?,
        }
    }
    Ok(findings)
}

fn malformed(error: wasmparser::BinaryReaderError) -> Error {
    Error::Malformed(error.to_string())
}

/// A component's count is known at its end; it becomes the next component that its parent can name.
fn end(open: &mut Vec<Open>, findings: &mut Findings) {
    let Some(ended) = open.pop() else { return };
    match open.last_mut() {
        Some(parent) if ended.is_component => parent.components.push(ended.instances),
        Some(_) => {}
        None => findings.instances = ended.instances,
    }
}

fn read_section(payload: Payload<'_>, open: &mut [Open], findings: &mut Findings) -> Result<(), Error> {
    let is_outermost = open.len() == 1;
    match payload {
        Payload::InstanceSection(section) => {
            for instance in section {
                if matches!(instance.map_err(malformed)?, Instance::Instantiate { .. }) {
                    add(open, 1);
                }
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section {
                read_instance(&instance.map_err(malformed)?, open)?;
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                read_alias(&alias.map_err(malformed)?, open)?;
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section {
                let import = import.map_err(malformed)?;
                if matches!(import.ty, ComponentTypeRef::Component(_) | ComponentTypeRef::Module(_)) {
                    return Err(Error::TakesComponents(import.name.full_name().to_string()));
                }
                if is_outermost {
                    findings.imports.push(import.name.full_name().to_string());
                }
            }
        }
        Payload::ComponentExportSection(section) => {
            for export in section {
                let export = export.map_err(malformed)?;
                // An export is a new name of what it exports, also for what follows.
                if export.kind == ComponentExternalKind::Component {
                    return Err(Error::TakesComponents(export.name.full_name().to_string()));
                }
                if is_outermost {
                    findings.exports.push(export.name.full_name().to_string());
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn add(open: &mut [Open], instances: u64) {
    if let Some(current) = open.last_mut() {
        current.instances = current.instances.saturating_add(instances);
    }
}

fn read_instance(instance: &ComponentInstance<'_>, open: &mut [Open]) -> Result<(), Error> {
    match instance {
        ComponentInstance::Instantiate { component_index, args } => {
            if let Some(arg) = args.iter().find(|arg| arg.kind == ComponentExternalKind::Component) {
                return Err(Error::TakesComponents(arg.name.to_owned()));
            }
            let instances = component(open, 0, *component_index)?;
            add(open, instances);
        }
        ComponentInstance::FromExports(exports) => {
            if let Some(export) = exports.iter().find(|export| export.kind == ComponentExternalKind::Component) {
                return Err(Error::TakesComponents(export.name.full_name().to_string()));
            }
        }
    }
    Ok(())
}

fn read_alias(alias: &ComponentAlias<'_>, open: &mut [Open]) -> Result<(), Error> {
    match alias {
        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, name, .. } => {
            Err(Error::TakesComponents((*name).to_owned()))
        }
        ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
            let instances = component(open, *count, *index)?;
            if let Some(current) = open.last_mut() {
                current.components.push(instances);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The cost of an instance of the component that has this index, `outward` components further out.
fn component(open: &[Open], outward: u32, index: u32) -> Result<u64, Error> {
    let scope = (open.len() - 1).checked_sub(outward as usize).and_then(|depth| open.get(depth));
    scope
        .and_then(|scope| scope.components.get(index as usize).copied())
        .ok_or_else(|| Error::Malformed(format!("there is no component {index}")))
}
