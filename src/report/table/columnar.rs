//! Tables as Arrow IPC files and as Parquet, batch by batch: memory does not grow with rows.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, RecordBatch, StringBuilder, TimestampNanosecondBuilder,
    UInt64Builder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::{Cell, Column, Kind, TableWriter};

/// Rows of a batch: enough for what a column has in common to show, and a few megabytes of the widest table.
const BATCH: usize = 16_384;

/// Rows of a row group, which a reader takes at a time.
const ROW_GROUP: usize = 8 * BATCH;

/// Writes batches of rows.
pub(super) struct Columns<W: Write + Send> {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    out: Output<W>,
}

enum Output<W: Write + Send> {
    Arrow(FileWriter<W>),
    /// None once it has ended.
    Parquet(Option<ArrowWriter<W>>, usize),
}

enum Builder {
    Unsigned(UInt64Builder),
    Signed(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Text(StringBuilder),
    Time(TimestampNanosecondBuilder),
}

impl<W: Write + Send> Columns<W> {
    /// An Arrow IPC file.
    pub(super) fn arrow(columns: &[Column], out: W) -> io::Result<Self> {
        let schema = schema(columns);
        let out = Output::Arrow(FileWriter::try_new(out, &schema).map_err(failed)?);
        Ok(Self::new(columns, schema, out))
    }

    /// A Parquet file, compressed with Zstandard.
    pub(super) fn parquet(columns: &[Column], out: W) -> io::Result<Self> {
        let schema = schema(columns);
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties)).map_err(io::Error::other)?;
        Ok(Self::new(columns, schema, Output::Parquet(Some(writer), 0)))
    }

    fn new(columns: &[Column], schema: SchemaRef, out: Output<W>) -> Self {
        Self { schema, builders: columns.iter().map(|column| Builder::new(column.kind)).collect(), rows: 0, out }
    }

    fn write_batch(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(failed)?;
        match &mut self.out {
            Output::Arrow(writer) => writer.write(&batch).map_err(failed)?,
            Output::Parquet(Some(writer), rows) => {
                writer.write(&batch).map_err(io::Error::other)?;
                *rows += self.rows;
                if *rows >= ROW_GROUP {
                    writer.flush().map_err(io::Error::other)?;
                    *rows = 0;
                }
            }
            Output::Parquet(None, _) => {}
        }
        self.rows = 0;
        Ok(())
    }
}

impl<W: Write + Send> TableWriter for Columns<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (builder, cell) in self.builders.iter_mut().zip(cells) {
            builder.push(cell);
        }
        self.rows += 1;
        if self.rows < BATCH { Ok(()) } else { self.write_batch() }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write_batch()?;
        match &mut self.out {
            Output::Arrow(writer) => writer.finish().map_err(failed),
            Output::Parquet(writer, _) => match writer.take() {
                Some(writer) => writer.close().map(|_| ()).map_err(io::Error::other),
                None => Ok(()),
            },
        }
    }
}

impl Builder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Unsigned => Self::Unsigned(UInt64Builder::new()),
            Kind::Signed => Self::Signed(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Time => Self::Time(TimestampNanosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn push(&mut self, cell: &Cell<'_>) {
        match (self, cell) {
            (Self::Unsigned(builder), Cell::Unsigned(number)) => builder.append_value(*number),
            (Self::Unsigned(builder), _) => builder.append_null(),
            (Self::Signed(builder), Cell::Signed(number)) => builder.append_value(*number),
            (Self::Signed(builder), _) => builder.append_null(),
            (Self::Float(builder), Cell::Float(number)) => builder.append_value(*number),
            (Self::Float(builder), _) => builder.append_null(),
            (Self::Bool(builder), Cell::Bool(yes)) => builder.append_value(*yes),
            (Self::Bool(builder), _) => builder.append_null(),
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Time(builder), Cell::Time(ts)) => builder.append_value(ts.0),
            (Self::Time(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Unsigned(builder) => Arc::new(builder.finish()),
            Self::Signed(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
        }
    }
}

fn schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| {
        let kind = match column.kind {
            Kind::Unsigned => DataType::UInt64,
            Kind::Signed => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Bool => DataType::Boolean,
            Kind::Text => DataType::Utf8,
            Kind::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        };
        Field::new(column.name, kind, true)
    };
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

fn failed(error: ArrowError) -> io::Error {
    match error {
        ArrowError::IoError(_, source) => source,
        other => io::Error::other(other),
    }
}
