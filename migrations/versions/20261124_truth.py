"""The truth schema: everything that must be recorded from the first ticket on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from supportbot.store.columns import UtcMs

revision = '0001_truth'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('key', sa.String(length=300), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('key', name=op.f('uq_account_key'))
    )
    op.create_table('channel',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('key', sa.String(length=300), nullable=False),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel')),
    sa.UniqueConstraint('key', name=op.f('uq_channel_key'))
    )
    op.create_table('knowledge_document',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('collection', sa.String(length=64), nullable=False),
    sa.Column('key', sa.String(length=300), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('imported_at', UtcMs(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_document')),
    sa.UniqueConstraint('collection', 'key', name=op.f('uq_knowledge_document_collection_key'))
    )
    op.create_table('login_attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('key_sha256', sa.String(length=64), nullable=False),
    sa.Column('at', UtcMs(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_attempt'))
    )
    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_attempt_key_sha256_at'), ['key_sha256', 'at'], unique=False)

    op.create_table('operator',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('password_hash', sa.String(length=255), nullable=True),
    sa.Column('auth_epoch', sa.Integer(), nullable=False),
    sa.Column('disabled_at', UtcMs(), nullable=True),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_operator')),
    sa.UniqueConstraint('email', name=op.f('uq_operator_email'))
    )
    op.create_table('product',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('key', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('archived_at', UtcMs(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product')),
    sa.UniqueConstraint('key', name=op.f('uq_product_key'))
    )
    op.create_table('prompt_part',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('erased_at', UtcMs(), nullable=True),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_prompt_part'))
    )
    op.create_table('customer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('display_name', sa.String(length=200), nullable=True),
    sa.Column('erased_at', UtcMs(), nullable=True),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_customer_account_id_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer'))
    )
    op.create_table('knowledge_chunk',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('length', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['knowledge_document.id'], name=op.f('fk_knowledge_chunk_document_id_knowledge_document'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_chunk')),
    sa.UniqueConstraint('document_id', 'ordinal', name=op.f('uq_knowledge_chunk_document_id_ordinal'))
    )
    op.create_table('login_link',
    sa.Column('token_sha256', sa.String(length=64), nullable=False),
    sa.Column('operator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('expires_at', UtcMs(), nullable=False),
    sa.Column('used_at', UtcMs(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_login_link_operator_id_operator')),
    sa.PrimaryKeyConstraint('token_sha256', name=op.f('pk_login_link'))
    )
    op.create_table('mailbox_cursor',
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('folder', sa.String(length=255), nullable=False),
    sa.Column('uidvalidity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('last_uid', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cut_over_at', UtcMs(), nullable=False),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_mailbox_cursor_channel_id_channel')),
    sa.PrimaryKeyConstraint('channel_id', 'folder', name=op.f('pk_mailbox_cursor'))
    )
    op.create_table('operator_identity',
    sa.Column('channel_kind', sa.String(length=16), nullable=False),
    sa.Column('external_id', sa.String(length=320), nullable=False),
    sa.Column('operator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_operator_identity_operator_id_operator')),
    sa.PrimaryKeyConstraint('channel_kind', 'external_id', name=op.f('pk_operator_identity'))
    )
    with op.batch_alter_table('operator_identity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_operator_identity_operator_id'), ['operator_id'], unique=False)

    op.create_table('operator_session',
    sa.Column('id_sha256', sa.String(length=64), nullable=False),
    sa.Column('operator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('auth_epoch', sa.Integer(), nullable=False),
    sa.Column('csrf_token', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.Column('last_seen_at', UtcMs(), nullable=False),
    sa.Column('ip', sa.String(length=64), nullable=True),
    sa.Column('user_agent', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_operator_session_operator_id_operator')),
    sa.PrimaryKeyConstraint('id_sha256', name=op.f('pk_operator_session'))
    )
    with op.batch_alter_table('operator_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_operator_session_operator_id'), ['operator_id'], unique=False)

    op.create_table('policy_version',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['operator.id'], name=op.f('fk_policy_version_author_id_operator')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_policy_version_product_id_product')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy_version')),
    sa.UniqueConstraint('product_id', 'version', name=op.f('uq_policy_version_product_id_version'))
    )
    op.create_table('customer_identity',
    sa.Column('channel_kind', sa.String(length=16), nullable=False),
    sa.Column('external_id', sa.String(length=320), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_identity_customer_id_customer')),
    sa.PrimaryKeyConstraint('channel_kind', 'external_id', name=op.f('pk_customer_identity'))
    )
    with op.batch_alter_table('customer_identity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_identity_customer_id'), ['customer_id'], unique=False)

    op.create_table('knowledge_posting',
    sa.Column('term', sa.String(length=128).with_variant(sa.String(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('chunk_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('frequency', sa.Integer(), nullable=False),
    sa.Column('weight', sa.Float(precision=53), nullable=False),
    sa.ForeignKeyConstraint(['chunk_id'], ['knowledge_chunk.id'], name=op.f('fk_knowledge_posting_chunk_id_knowledge_chunk'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('term', 'chunk_id', name=op.f('pk_knowledge_posting')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('knowledge_posting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_posting_chunk_id'), ['chunk_id'], unique=False)

    op.create_table('ticket',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('public_id', sa.String(length=26), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('thread_key', sa.String(length=998), nullable=False),
    sa.Column('subject', sa.String(length=998), nullable=True),
    sa.Column('target', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('handler', sa.String(length=8), nullable=False),
    sa.Column('handler_epoch', sa.Integer(), nullable=False),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('asked_seq', sa.Integer(), nullable=False),
    sa.Column('answered_seq', sa.Integer(), nullable=False),
    sa.Column('last_seq', sa.Integer(), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('retry_at', UtcMs(), nullable=True),
    sa.Column('opened_at', UtcMs(), nullable=False),
    sa.Column('last_message_at', UtcMs(), nullable=True),
    sa.Column('waiting_since', UtcMs(), nullable=True),
    sa.Column('snoozed_until', UtcMs(), nullable=True),
    sa.Column('merged_into_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('linked_ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name=op.f('ck_ticket_merged')),
    sa.ForeignKeyConstraint(['assignee_id'], ['operator.id'], name=op.f('fk_ticket_assignee_id_operator')),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_ticket_channel_id_channel')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_ticket_customer_id_customer')),
    sa.ForeignKeyConstraint(['linked_ticket_id'], ['ticket.id'], name=op.f('fk_ticket_linked_ticket_id_ticket')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['ticket.id'], name=op.f('fk_ticket_merged_into_id_ticket')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_ticket_product_id_product')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('public_id', name=op.f('uq_ticket_public_id'))
    )
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_customer_id_opened_at'), ['customer_id', 'opened_at'], unique=False)
        batch_op.create_index('ix_ticket_inbox', ['waiting_since', 'id'], unique=False, sqlite_where=sa.text("status IN ('open','pending','snoozed')"), postgresql_where=sa.text("status IN ('open','pending','snoozed')"))
        batch_op.create_index('ix_ticket_owed', ['id'], unique=False, sqlite_where=sa.text('asked_seq > answered_seq'), postgresql_where=sa.text('asked_seq > answered_seq'))

    op.create_table('completion',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('policy_version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('model', sa.String(length=128), nullable=False),
    sa.Column('endpoint', sa.String(length=255), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('error_kind', sa.String(length=32), nullable=True),
    sa.Column('finish_reason', sa.String(length=32), nullable=True),
    sa.Column('request_sha256', sa.String(length=64), nullable=False),
    sa.Column('request', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('request_id', sa.String(length=128), nullable=True),
    sa.Column('started_at', UtcMs(), nullable=False),
    sa.Column('latency_ms', sa.Integer(), nullable=False),
    sa.Column('ttft_ms', sa.Integer(), nullable=True),
    sa.Column('tokens_in', sa.Integer(), nullable=False),
    sa.Column('tokens_cached', sa.Integer(), nullable=False),
    sa.Column('tokens_out', sa.Integer(), nullable=False),
    sa.Column('tokens_reasoning', sa.Integer(), nullable=False),
    sa.Column('usage_estimated', sa.Boolean(), nullable=False),
    sa.Column('cost_nusd', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('price_version', sa.String(length=24), nullable=True),
    sa.ForeignKeyConstraint(['policy_version_id'], ['policy_version.id'], name=op.f('fk_completion_policy_version_id_policy_version')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_completion_product_id_product')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_completion_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_completion'))
    )
    with op.batch_alter_table('completion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_completion_started_at'), ['started_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_completion_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('csat_response',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=8), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('at', UtcMs(), nullable=False),
    sa.CheckConstraint('score BETWEEN 1 AND 5', name=op.f('ck_csat_response_score')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_csat_response_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_csat_response'))
    )
    with op.batch_alter_table('csat_response', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_csat_response_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('episode',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('eligible', sa.Integer(), nullable=False),
    sa.Column('involved', sa.Integer(), nullable=False),
    sa.Column('opened_at', UtcMs(), nullable=False),
    sa.Column('first_reply_at', UtcMs(), nullable=True),
    sa.Column('first_human_reply_at', UtcMs(), nullable=True),
    sa.Column('handoff_at', UtcMs(), nullable=True),
    sa.Column('handoff_reason', sa.String(length=24), nullable=True),
    sa.Column('resolved_at', UtcMs(), nullable=True),
    sa.Column('resolution', sa.String(length=16), nullable=True),
    sa.Column('resolved_by', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reopened_at', UtcMs(), nullable=True),
    sa.Column('bot_messages', sa.Integer(), nullable=False),
    sa.Column('human_messages', sa.Integer(), nullable=False),
    sa.Column('drafts', sa.Integer(), nullable=False),
    sa.Column('suppressed', sa.Integer(), nullable=False),
    sa.Column('takeover_at', UtcMs(), nullable=True),
    sa.Column('human_asked_at', UtcMs(), nullable=True),
    sa.Column('human_answered_at', UtcMs(), nullable=True),
    sa.Column('last_event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_episode_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_episode')),
    sa.UniqueConstraint('ticket_id', 'n', name=op.f('uq_episode_ticket_id_n'))
    )
    with op.batch_alter_table('episode', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_episode_opened_at_product_id_channel_id'), ['opened_at', 'product_id', 'channel_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_episode_resolved_at_product_id_channel_id'), ['resolved_at', 'product_id', 'channel_id'], unique=False)

    op.create_table('thread_key',
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=998), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_thread_key_channel_id_channel')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_thread_key_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('channel_id', 'key', name=op.f('pk_thread_key'))
    )
    with op.batch_alter_table('thread_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_thread_key_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('ticket_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('reason', sa.String(length=255), nullable=True),
    sa.Column('actor_kind', sa.String(length=8), nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', UtcMs(), nullable=False),
    sa.Column('data', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('idem_key', sa.String(length=255), nullable=True),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_event_ticket_id_ticket'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_event')),
    sa.UniqueConstraint('idem_key', name=op.f('uq_ticket_event_idem_key'))
    )
    with op.batch_alter_table('ticket_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_event_kind_at'), ['kind', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_event_ticket_id_id'), ['ticket_id', 'id'], unique=False)

    op.create_table('message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('author_kind', sa.String(length=8), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('visibility', sa.String(length=8), nullable=False),
    sa.Column('policy_version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('completion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tool_call_id', sa.String(length=128), nullable=True),
    sa.Column('data', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('body_sha256', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.Column('sent_at', UtcMs(), nullable=True),
    sa.CheckConstraint('seq >= 0', name=op.f('ck_message_seq')),
    sa.ForeignKeyConstraint(['completion_id'], ['completion.id'], name=op.f('fk_message_completion_id_completion')),
    sa.ForeignKeyConstraint(['policy_version_id'], ['policy_version.id'], name=op.f('fk_message_policy_version_id_policy_version')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_message_ticket_id_ticket'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('ticket_id', 'seq', name=op.f('uq_message_ticket_id_seq'))
    )
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_message_created_at'), ['created_at'], unique=False)

    op.create_table('retrieval',
    sa.Column('completion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rank', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('passage_key', sa.String(length=512), nullable=False),
    sa.Column('version', sa.String(length=64), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('score', sa.Float(precision=53), nullable=False),
    sa.ForeignKeyConstraint(['completion_id'], ['completion.id'], name=op.f('fk_retrieval_completion_id_completion')),
    sa.PrimaryKeyConstraint('completion_id', 'rank', name=op.f('pk_retrieval'))
    )
    op.create_table('tool_call',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('completion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('call_id', sa.String(length=128), nullable=False),
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('arguments', sa.Text(), nullable=True),
    sa.Column('idempotency_key', sa.String(length=128), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('result', sa.Text(), nullable=True),
    sa.Column('started_at', UtcMs(), nullable=False),
    sa.Column('finished_at', UtcMs(), nullable=True),
    sa.ForeignKeyConstraint(['completion_id'], ['completion.id'], name=op.f('fk_tool_call_completion_id_completion')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_tool_call_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tool_call')),
    sa.UniqueConstraint('idempotency_key', name=op.f('uq_tool_call_idempotency_key'))
    )
    with op.batch_alter_table('tool_call', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tool_call_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('attachment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('filename', sa.String(length=255), nullable=True),
    sa.Column('content_type', sa.String(length=127), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('erased_at', UtcMs(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_attachment_message_id_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachment_message_id'), ['message_id'], unique=False)

    op.create_table('delivery',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('key', sa.String(length=255), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('audience', sa.String(length=16), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('target', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('subject', sa.String(length=998), nullable=True),
    sa.Column('escalate', sa.Boolean(), nullable=False),
    sa.Column('handler_epoch', sa.Integer(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', UtcMs(), nullable=True),
    sa.Column('provider_id', sa.String(length=998), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.Column('sent_at', UtcMs(), nullable=True),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_delivery_channel_id_channel')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_delivery_message_id_message')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_delivery_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery')),
    sa.UniqueConstraint('key', name=op.f('uq_delivery_key'))
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_provider_id'), ['provider_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_ticket_id_id'), ['ticket_id', 'id'], unique=False)
        batch_op.create_index('ix_delivery_unsent', ['id'], unique=False, sqlite_where=sa.text("state IN ('pending','sending')"), postgresql_where=sa.text("state IN ('pending','sending')"))

    op.create_table('draft',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('upto_seq', sa.Integer(), nullable=False),
    sa.Column('handler_epoch', sa.Integer(), nullable=False),
    sa.Column('policy_version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('completion_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('reason', sa.String(length=255), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('operator_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('edit_distance', sa.Integer(), nullable=True),
    sa.Column('created_at', UtcMs(), nullable=False),
    sa.Column('decided_at', UtcMs(), nullable=True),
    sa.ForeignKeyConstraint(['completion_id'], ['completion.id'], name=op.f('fk_draft_completion_id_completion')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_draft_message_id_message')),
    sa.ForeignKeyConstraint(['operator_id'], ['operator.id'], name=op.f('fk_draft_operator_id_operator')),
    sa.ForeignKeyConstraint(['policy_version_id'], ['policy_version.id'], name=op.f('fk_draft_policy_version_id_policy_version')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_draft_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft'))
    )
    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_draft_state_id'), ['state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_draft_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('feedback',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('episode_n', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rating', sa.Integer(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('at', UtcMs(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_feedback_customer_id_customer')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_feedback_message_id_message')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_feedback_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback'))
    )
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feedback_ticket_id'), ['ticket_id'], unique=False)

    op.create_table('inbound',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('raw', sa.LargeBinary(), nullable=True),
    sa.Column('raw_sha256', sa.String(length=64), nullable=False),
    sa.Column('meta', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('received_at', UtcMs(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('settled_at', UtcMs(), nullable=True),
    sa.Column('outcome', sa.String(length=16), nullable=True),
    sa.Column('reason', sa.String(length=255), nullable=True),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_inbound_channel_id_channel')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_inbound_message_id_message')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_inbound_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound'))
    )
    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_ticket_id'), ['ticket_id'], unique=False)
        batch_op.create_index('ix_inbound_unsettled', ['id'], unique=False, sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))

    op.create_table('message_body',
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('erased_at', UtcMs(), nullable=True),
    sa.Column('erased_reason', sa.String(length=64), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_message_body_message_id_message'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('message_id', name=op.f('pk_message_body'))
    )
    op.create_table('inbound_key',
    sa.Column('channel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=512), nullable=False),
    sa.Column('inbound_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_inbound_key_channel_id_channel')),
    sa.ForeignKeyConstraint(['inbound_id'], ['inbound.id'], name=op.f('fk_inbound_key_inbound_id_inbound')),
    sa.PrimaryKeyConstraint('channel_id', 'key', name=op.f('pk_inbound_key'))
    )
    with op.batch_alter_table('inbound_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_inbound_key_inbound_id'), ['inbound_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('inbound_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_inbound_key_inbound_id'))

    op.drop_table('inbound_key')
    op.drop_table('message_body')
    with op.batch_alter_table('inbound', schema=None) as batch_op:
        batch_op.drop_index('ix_inbound_unsettled', sqlite_where=sa.text('settled_at IS NULL'), postgresql_where=sa.text('settled_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_inbound_ticket_id'))

    op.drop_table('inbound')
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_feedback_ticket_id'))

    op.drop_table('feedback')
    with op.batch_alter_table('draft', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_draft_ticket_id'))
        batch_op.drop_index(batch_op.f('ix_draft_state_id'))

    op.drop_table('draft')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_index('ix_delivery_unsent', sqlite_where=sa.text("state IN ('pending','sending')"), postgresql_where=sa.text("state IN ('pending','sending')"))
        batch_op.drop_index(batch_op.f('ix_delivery_ticket_id_id'))
        batch_op.drop_index(batch_op.f('ix_delivery_provider_id'))

    op.drop_table('delivery')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_message_id'))

    op.drop_table('attachment')
    with op.batch_alter_table('tool_call', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_tool_call_ticket_id'))

    op.drop_table('tool_call')
    op.drop_table('retrieval')
    with op.batch_alter_table('message', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_message_created_at'))

    op.drop_table('message')
    with op.batch_alter_table('ticket_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_event_ticket_id_id'))
        batch_op.drop_index(batch_op.f('ix_ticket_event_kind_at'))

    op.drop_table('ticket_event')
    with op.batch_alter_table('thread_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_thread_key_ticket_id'))

    op.drop_table('thread_key')
    with op.batch_alter_table('episode', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_episode_resolved_at_product_id_channel_id'))
        batch_op.drop_index(batch_op.f('ix_episode_opened_at_product_id_channel_id'))

    op.drop_table('episode')
    with op.batch_alter_table('csat_response', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_csat_response_ticket_id'))

    op.drop_table('csat_response')
    with op.batch_alter_table('completion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_completion_ticket_id'))
        batch_op.drop_index(batch_op.f('ix_completion_started_at'))

    op.drop_table('completion')
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.drop_index('ix_ticket_owed', sqlite_where=sa.text('asked_seq > answered_seq'), postgresql_where=sa.text('asked_seq > answered_seq'))
        batch_op.drop_index('ix_ticket_inbox', sqlite_where=sa.text("status IN ('open','pending','snoozed')"), postgresql_where=sa.text("status IN ('open','pending','snoozed')"))
        batch_op.drop_index(batch_op.f('ix_ticket_customer_id_opened_at'))

    op.drop_table('ticket')
    with op.batch_alter_table('knowledge_posting', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_posting_chunk_id'))

    op.drop_table('knowledge_posting')
    with op.batch_alter_table('customer_identity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_identity_customer_id'))

    op.drop_table('customer_identity')
    op.drop_table('policy_version')
    with op.batch_alter_table('operator_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_operator_session_operator_id'))

    op.drop_table('operator_session')
    with op.batch_alter_table('operator_identity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_operator_identity_operator_id'))

    op.drop_table('operator_identity')
    op.drop_table('mailbox_cursor')
    op.drop_table('login_link')
    op.drop_table('knowledge_chunk')
    op.drop_table('customer')
    op.drop_table('prompt_part')
    op.drop_table('product')
    op.drop_table('operator')
    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_attempt_key_sha256_at'))

    op.drop_table('login_attempt')
    op.drop_table('knowledge_document')
    op.drop_table('channel')
    op.drop_table('account')
