//! The web shop.

use super::{Change, Mutation, faults, tree};

const MANIFEST: &str = "db/migrations/migration_manifest.json";
const VOUCHERS: &str = "db/migrations/0005_create_vouchers";
const PHONE: &str = "db/migrations/0006_customer_phone";
const FILL: &str = "db/migrations/0007_fill_phone";

fn up(stem: &str) -> String {
    format!("{stem}.up.sql")
}

fn down(stem: &str) -> String {
    format!("{stem}.down.sql")
}

/// A table, a column, and the rows of that column.
fn good() -> Change {
    let base = tree("web-shop/base");
    let demo = tree("web-shop/head");
    let entry = |id: &str, class: &str, needs: &str| {
        format!("    {{ \"id\": \"{id}\", \"class\": \"{class}\", \"depends_on\": [\"{needs}\"] }}")
    };
    let manifest = base.text(MANIFEST).replace(
        "[\"0003_create_orders\"] }\n",
        &format!(
            "[\"0003_create_orders\"] }},\n{},\n{},\n{}\n",
            entry("0005_create_vouchers", "online", "0001_create_customers"),
            entry("0006_customer_phone", "online", "0001_create_customers"),
            entry("0007_fill_phone", "manual_backfill", "0006_customer_phone"),
        ),
    );
    let head = base
        .clone()
        .with(MANIFEST, &manifest)
        .with(&up(VOUCHERS), demo.text(&up(VOUCHERS)))
        .with(&down(VOUCHERS), demo.text(&down(VOUCHERS)))
        .with(&up(PHONE), "ALTER TABLE customers ADD COLUMN phone TEXT;\n")
        .with(&down(PHONE), "ALTER TABLE customers DROP COLUMN phone;\n")
        .with(&up(FILL), "UPDATE customers SET phone = 'unknown' WHERE phone IS NULL;\n")
        .with(&down(FILL), "UPDATE customers SET phone = NULL WHERE phone = 'unknown';\n");
    Change { base, head }
}

const MUTATIONS: &[Mutation] = &[
    ("the down is missing", "rollback/missing", |change| change.without(&down(VOUCHERS))),
    ("the down is emptied", "rollback/empty", |change| {
        change.head(&down(VOUCHERS), "-- nothing to undo\n")
    }),
    ("the down is incomplete", "rollback/leaves-trace", |change| {
        change.head(&down(VOUCHERS), "DROP INDEX vouchers_by_end;\n")
    }),
    ("the down gives another type", "rollback/leaves-trace", |change| {
        change
            .edit(MANIFEST, "0006_customer_phone\", \"class\": \"online\"", "0006_customer_phone\", \"class\": \"post_deploy\"")
            .head(&up(PHONE), "ALTER TABLE products DROP COLUMN title;\nALTER TABLE customers ADD COLUMN phone TEXT;\n")
            .head(
                &down(PHONE),
                "ALTER TABLE customers DROP COLUMN phone;\nALTER TABLE products ADD COLUMN title INTEGER NOT NULL DEFAULT 0;\n",
            )
    }),
    ("the down takes back in the wrong order", "rollback/fails", |change| {
        change.head(&down(VOUCHERS), "DROP TABLE vouchers;\nDROP INDEX vouchers_by_end;\n")
    }),
    ("the down names what is not there", "rollback/fails", |change| {
        change.edit(&down(VOUCHERS), "DROP TABLE vouchers;", "DROP TABLE voucher;")
    }),
    ("a version is used twice", "history/duplicate-version", |change| {
        let (up_text, down_text) =
            (change.head.text(&up(PHONE)).to_owned(), change.head.text(&down(PHONE)).to_owned());
        let stem = "db/migrations/0005_customer_phone";
        change
            .without(PHONE)
            .edit(MANIFEST, "\"id\": \"0006_customer_phone\"", "\"id\": \"0005_customer_phone\"")
            .edit(MANIFEST, "[\"0006_customer_phone\"]", "[\"0005_customer_phone\"]")
            .head(&up(stem), &up_text)
            .head(&down(stem), &down_text)
    }),
    ("a version is late", "history/out-of-order", |mut change| {
        // The view was merged as number 6, and the vouchers come with number 5.
        let stem = "db/migrations/0006_open_orders_view";
        for tree in [&mut change.base, &mut change.head] {
            let old = "db/migrations/0004_open_orders_view";
            let manifest =
                tree.text(MANIFEST).replace("0004_open_orders_view", "0006_open_orders_view");
            let (up_text, down_text) =
                (tree.text(&up(old)).to_owned(), tree.text(&down(old)).to_owned());
            *tree = tree
                .clone()
                .without(old)
                .with(&up(stem), &up_text)
                .with(&down(stem), &down_text)
                .with(MANIFEST, &manifest);
        }
        let phone = "db/migrations/0008_customer_phone";
        let (up_text, down_text) =
            (change.head.text(&up(PHONE)).to_owned(), change.head.text(&down(PHONE)).to_owned());
        change
            .without(PHONE)
            .without(FILL)
            .edit(MANIFEST, "    { \"id\": \"0007_fill_phone\", \"class\": \"manual_backfill\", \"depends_on\": [\"0006_customer_phone\"] }\n", "")
            .edit(MANIFEST, "\"depends_on\": [\"0001_create_customers\"] },\n  ]", "\"depends_on\": [\"0001_create_customers\"] }\n  ]")
            .edit(MANIFEST, "0006_customer_phone", "0008_customer_phone")
            .head(&up(phone), &up_text)
            .head(&down(phone), &down_text)
    }),
    ("a merged up is edited", "history/edited", |change| {
        with_sqlx(change).edit(
            "db/migrations/0002_create_products.up.sql",
            "title       TEXT",
            "title       VARCHAR(80)",
        )
    }),
    ("a merged migration is deleted", "history/deleted", |change| {
        with_sqlx(change)
            .without("0004_open_orders_view")
            .edit(MANIFEST, "    { \"id\": \"0004_open_orders_view\", \"class\": \"online\", \"depends_on\": [\"0003_create_orders\"] },\n", "")
    }),
    ("a merged migration gets another number", "history/renamed", |change| {
        let old = "db/migrations/0004_open_orders_view";
        let new = "db/migrations/0008_open_orders_view";
        let (up_text, down_text) =
            (change.head.text(&up(old)).to_owned(), change.head.text(&down(old)).to_owned());
        change
            .without(old)
            .edit(MANIFEST, "0004_open_orders_view", "0008_open_orders_view")
            .head(&up(new), &up_text)
            .head(&down(new), &down_text)
    }),
    ("a dependency is unknown", "manifest/unknown-dependency", |change| {
        change.edit(MANIFEST, "[\"0006_customer_phone\"]", "[\"0006_customers_phone\"]")
    }),
    ("dependencies run in a circle", "manifest/dependency-cycle", |change| {
        change.edit(
            MANIFEST,
            "\"0005_create_vouchers\", \"class\": \"online\", \"depends_on\": [\"0001_create_customers\"]",
            "\"0005_create_vouchers\", \"class\": \"online\", \"depends_on\": [\"0005_create_vouchers\"]",
        )
    }),
    ("a dependency comes later", "manifest/dependency-order", |change| {
        change.edit(
            MANIFEST,
            "\"0005_create_vouchers\", \"class\": \"online\", \"depends_on\": [\"0001_create_customers\"]",
            "\"0005_create_vouchers\", \"class\": \"online\", \"depends_on\": [\"0006_customer_phone\"]",
        )
    }),
    ("the manifest does not know a file", "manifest/unlisted-file", |change| {
        change
            .head(
                "db/migrations/0008_index_names.up.sql",
                "CREATE INDEX customers_by_name ON customers (name);\n",
            )
            .head("db/migrations/0008_index_names.down.sql", "DROP INDEX customers_by_name;\n")
    }),
    ("the manifest names a file that is not there", "manifest/missing-file", |change| {
        change.without(VOUCHERS)
    }),
    ("the class is none", "manifest/invalid-class", |change| {
        change.edit(MANIFEST, "manual_backfill", "backfill")
    }),
    ("the class is missing", "manifest/missing-class", |change| {
        change.edit(MANIFEST, "\"class\": \"manual_backfill\", ", "")
    }),
    ("the manifest is cut off", "manifest/invalid", |change| {
        change.edit(MANIFEST, "  ]\n}", "  ]\n")
    }),
    ("the checksum is another file's", "manifest/checksum-mismatch", |change| {
        let wrong = format!("\"manual_backfill\", \"checksum\": \"{}\"", "0".repeat(64));
        change.edit(MANIFEST, "\"manual_backfill\"", &wrong)
    }),
    ("the syntax is wrong", "dryrun/up-fails", |change| {
        change.edit(&up(VOUCHERS), "CREATE TABLE", "CREATE TABEL")
    }),
    ("the table is not there", "dryrun/up-fails", |change| {
        change.edit(&up(FILL), "UPDATE customers", "UPDATE customer")
    }),
    ("a transaction is not closed", "dryrun/up-fails", |mut change| {
        // dbmate's own directive; without it the tool's transaction takes the rest.
        change.base = super::dbmate();
        change.head = super::dbmate().with(
            "db/migrations/20260302101500_codes.sql",
            "-- migration-gate: class=online\n-- migrate:up transaction:false\nBEGIN;\nCREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY NOT NULL);\n\n-- migrate:down\nDROP TABLE codes;\n",
        );
        change
    }),
    ("a statement never ends", "dryrun/timeout", |change| {
        change.edit(
            &up(FILL),
            "UPDATE customers",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\nUPDATE customers",
        )
    }),
    ("duplicates meet a UNIQUE", "dryrun/fails-on-data", |change| {
        change
            .edit(&up(VOUCHERS), "-- Vouchers", "CREATE UNIQUE INDEX IF NOT EXISTS customers_email ON customers (email);\n-- Vouchers")
            .edit(&down(VOUCHERS), "DROP INDEX", "DROP INDEX customers_email;\nDROP INDEX")
    }),
    ("rows change and do not come back", "rollback/loses-data", |change| {
        change
            .head(&up(FILL), "UPDATE orders SET status = 'closed' WHERE status <> 'closed';\n")
            .head(&down(FILL), "UPDATE orders SET status = 'open' WHERE status = 'closed';\n")
    }),
    ("an online migration drops a view", "class/mismatch", |change| {
        change.edit(&up(PHONE), "ALTER", "DROP VIEW open_orders;\nALTER").head(
            &down(PHONE),
            &format!("{}ALTER TABLE customers DROP COLUMN phone;\n", change_view()),
        )
    }),
    ("an online migration moves rows", "class/mismatch", |change| {
        change.edit(MANIFEST, "manual_backfill", "online")
    }),
    ("a backfill counts on every run", "class/mismatch", |change| {
        change
            .head(&up(FILL), "UPDATE products SET title = title || '!';\n")
            .head(&down(FILL), "UPDATE products SET title = substr(title, 1, length(title) - 1);\n")
    }),
    ("an online migration waits for a backfill", "class/dependency-class", |change| {
        change
            .head("db/migrations/0008_index_phones.up.sql", "CREATE INDEX IF NOT EXISTS customers_by_phone ON customers (phone);\n")
            .head("db/migrations/0008_index_phones.down.sql", "DROP INDEX customers_by_phone;\n")
            .edit(
                MANIFEST,
                "[\"0006_customer_phone\"] }\n",
                "[\"0006_customer_phone\"] },\n    { \"id\": \"0008_index_phones\", \"class\": \"online\", \"depends_on\": [\"0007_fill_phone\"] }\n",
            )
    }),
    ("the up does not run after its down", "dryrun/not-repeatable", |change| {
        change
            .head(&up(FILL), "INSERT INTO products (sku, title, price_cents)\nSELECT 'gift-card', 'Gift card', 1000\nWHERE NOT EXISTS (SELECT 1 FROM products WHERE sku = 'gift-card' AND price_cents = 1000);\n")
            .head(&down(FILL), "UPDATE products SET price_cents = 0 WHERE sku = 'gift-card';\n")
    }),
    ("half a migration", "layout/invalid", |change| change.without(&up(VOUCHERS))),
];

/// The same under sqlx, which compares the checksums of what it has applied.
fn with_sqlx(mut change: Change) -> Change {
    let cargo = "[dependencies]\nsqlx = \"0.8\"\n";
    change.base = change.base.with("Cargo.toml", cargo);
    change.head("Cargo.toml", cargo)
}

fn change_view() -> String {
    tree("web-shop/base").text("db/migrations/0004_open_orders_view.up.sql").to_owned()
}

#[test]
fn each_break_of_the_web_shop_is_blocked_by_its_rule() {
    assert!(MUTATIONS.len() >= 20);
    let faults = faults(&good(), MUTATIONS, "sqlite");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
