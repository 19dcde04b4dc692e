using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Gives a principal a right on one key. KMS API Reference "CreateGrant".</summary>
/// <remarks>Grant tokens are taken and not needed: a grant holds from the moment that CreateGrant has
/// answered.</remarks>
[Operation("kms:CreateGrant")]
public sealed class CreateGrant(Db db, KeyUse keys, TimeProvider clock)
    : IOperation<CreateGrant.Request, CreateGrant.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 256), RegularExpression(@"[\w+=,.@:/-]+")]
        public required string GranteePrincipal { get; init; }

        [Length(1, 256), RegularExpression(@"[\w+=,.@:/-]+")]
        public string? RetiringPrincipal { get; init; }

        [MaxLength(20)] public required IReadOnlyList<GrantOperation> Operations { get; init; }

        public GrantConstraints? Constraints { get; init; }

        [MaxLength(10)] public IReadOnlyList<string> GrantTokens { get; init; } = [];

        [Length(1, 256), RegularExpression(@"[a-zA-Z0-9:/_-]+")] public string? Name { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string? GrantToken { get; init; }

        public string? GrantId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Named(call, request.KeyId, cancel, aliases: false);
        var grant = new Grant
        {
            Id = Ids.Hex(32),
            KeyArn = key.Arn,
            Name = request.Name ?? "",
            GranteePrincipal = await Principal(request.GranteePrincipal, cancel),
            RetiringPrincipal = request.RetiringPrincipal is { } retiring ? await Principal(retiring, cancel) : null,
            IssuingAccount = $"arn:aws:iam::{call.AccountId}:root",
            Operations = [.. Checked(request.Operations)],
            ContextSubset = request.Constraints?.EncryptionContextSubset,
            ContextEquals = request.Constraints?.EncryptionContextEquals,
            Token = Ids.Hex(48),
            CreationDate = clock.GetUtcNow(),
        };
        await keys.Authorize(call, key, new KeyAccess
        {
            Context = grant.ContextEquals ?? grant.ContextSubset ?? new Dictionary<string, string>(),
            GrantOperations = grant.Operations,
            GranteePrincipal = grant.GranteePrincipal,
        });
        key.EnsureUsable();
        KeyUse.EndDryRun(call);
        if (grant.Name.Length > 0 && await Same(grant, cancel) is { } already)
            return new Response { GrantToken = already.Token, GrantId = already.Id };
        await db.Limit($"grants/{key.Arn}", db.Grants.Where(g => g.KeyArn == key.Arn), Grant.PerKeyMax, more: 1,
            () => KmsError.Of("LimitExceededException", $"A key may have {Grant.PerKeyMax} grants at most"), cancel);
        db.Add(grant);
        await db.SaveChangesAsync(cancel);
        return new Response { GrantToken = grant.Token, GrantId = grant.Id };
    }

    private static readonly GrantOperation[] Symmetric =
    [
        GrantOperation.Decrypt, GrantOperation.Encrypt, GrantOperation.GenerateDataKey,
        GrantOperation.GenerateDataKeyWithoutPlaintext, GrantOperation.ReEncryptFrom, GrantOperation.ReEncryptTo,
        GrantOperation.CreateGrant, GrantOperation.RetireGrant, GrantOperation.DescribeKey,
    ];

    private static IEnumerable<string> Checked(IReadOnlyList<GrantOperation> operations)
    {
        if (operations.Count == 0)
            throw KmsError.Of("ValidationException", "A grant needs at least one operation.");
        foreach (var operation in operations)
        {
            if (!Symmetric.Contains(operation))
            {
                throw KmsError.Of("ValidationException",
                    $"Grant operation {operation} is not valid for a key of spec SYMMETRIC_DEFAULT.");
            }
        }
        return operations.Select(o => o.ToString()).Distinct().Order(StringComparer.Ordinal);
    }

    private async Task<string> Principal(string name, CancellationToken cancel)
    {
        if (Ids.IsAccountId(name))
            return $"arn:aws:iam::{name}:root";
        return name.StartsWith("arn:", StringComparison.Ordinal) && await Principals.Exists(db, name, cancel)
            ? name
            : throw KmsError.Of("InvalidArnException", "ARN does not refer to a valid principal");
    }

    /// <summary>A grant of the same name and content: a repeated request answers it instead of making a
    /// second.</summary>
    private async Task<Grant?> Same(Grant grant, CancellationToken cancel)
    {
        var candidates = await db.Grants.AsNoTracking().Where(g =>
            g.KeyArn == grant.KeyArn && g.Name == grant.Name
            && g.GranteePrincipal == grant.GranteePrincipal && g.IssuingAccount == grant.IssuingAccount)
            .ToListAsync(cancel);
        return candidates.Find(g => g.RetiringPrincipal == grant.RetiringPrincipal
            && g.Operations.SequenceEqual(grant.Operations)
            && Equal(g.ContextSubset, grant.ContextSubset) && Equal(g.ContextEquals, grant.ContextEquals));
    }

    private static bool Equal(IReadOnlyDictionary<string, string>? one, IReadOnlyDictionary<string, string>? other) =>
        one is null || other is null ? one is null && other is null
            : one.Count == other.Count
                && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
