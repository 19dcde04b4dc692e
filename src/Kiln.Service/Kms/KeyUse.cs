using System.Security.Cryptography;
using Kiln.Protocol.Errors;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Finds keys, says who may use them, and encrypts under them: for KMS's operations and for EBS.</summary>
/// <remarks>KMS Developer Guide, "Determining access to AWS KMS keys" and "How Amazon EBS uses AWS KMS".</remarks>
public sealed partial class KeyUse(Db db, MasterKey master, Authorization authorization, TimeProvider clock)
{
    /// <summary>Finds a key by id, key ARN, alias name or alias ARN. An ARN of another Region finds nothing.</summary>
    /// <param name="accountId">Whose key an id or alias name without an ARN means.</param>
    /// <param name="region">The Region.</param>
    /// <param name="keyIdOrArnOrAlias">What the caller gave.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    public async Task<Key?> Find(string accountId, string region, string keyIdOrArnOrAlias, CancellationToken cancel)
    {
        if (KeyName.Parse(keyIdOrArnOrAlias) is not { } name || (name.Region ?? region) != region)
            return null;
        var owner = name.AccountId ?? accountId;
        if (name.Alias is not { } alias)
        {
            return db.Keys.Local.SingleOrDefault(
                    k => k.Region == region && k.KeyId == name.KeyId && k.AccountId == owner)
                ?? await db.Keys.SingleOrDefaultAsync(
                    k => k.Region == region && k.KeyId == name.KeyId && k.AccountId == owner, cancel);
        }
        if (alias == Alias.EbsName && owner == accountId)
            return await EbsDefault(accountId, region, cancel);
        if (alias == Alias.SsmName && owner == accountId)
            return await SsmDefault(accountId, region, cancel);
        var row = await db.Aliases.FindAsync([owner, region, alias], cancel);
        return row is null ? null : await db.Keys.FindAsync([Arn.Key(region, owner, row.TargetKeyId)], cancel);
    }

    /// <summary>
    /// The account's <c>alias/aws/ebs</c> in a Region, made where there is none yet and saved with the caller's
    /// SaveChanges. Two callers making it together end in a conflict, after which the second finds the first's.
    /// </summary>
    public Task<Key> EbsDefault(string accountId, string region, CancellationToken cancel) => Managed(
        accountId, region, Alias.EbsName, Key.EbsPolicy(accountId, region),
        "Default key that protects my EBS volumes when no other key is defined", cancel);

    /// <summary>The account's <c>alias/aws/ssm</c> in a Region, made as that of EBS is.</summary>
    public Task<Key> SsmDefault(string accountId, string region, CancellationToken cancel) => Managed(
        accountId, region, Alias.SsmName, Key.SsmPolicy(accountId, region),
        "Default key that protects my SSM parameters when no other key is defined", cancel);

    private async Task<Key> Managed(
        string accountId, string region, string name, string policy, string description, CancellationToken cancel)
    {
        var alias = await db.Aliases.FindAsync([accountId, region, name], cancel);
        if (alias is not null)
            return (await db.Keys.FindAsync([Arn.Key(region, accountId, alias.TargetKeyId)], cancel))!;
        var key = Make(accountId, region, multiRegion: false, policy, description, awsManaged: true);
        db.Add(key);
        db.Add(new Alias
        {
            AccountId = accountId,
            Region = region,
            Name = name,
            TargetKeyId = key.KeyId,
            CreationDate = key.CreationDate,
            LastUpdatedDate = key.CreationDate,
        });
        return key;
    }

    /// <summary>A new key with new material, not yet added to the database.</summary>
    public Key Make(
        string accountId, string region, bool multiRegion, string policy, string description, bool awsManaged = false)
    {
        var id = Key.NewId(multiRegion);
        var material = RandomNumberGenerator.GetBytes(32);
        return new Key
        {
            Arn = Arn.Key(region, accountId, id),
            KeyId = id,
            Region = region,
            AccountId = accountId,
            Policy = policy,
            Description = description,
            AwsManaged = awsManaged,
            PrimaryRegion = multiRegion ? region : null,
            SealedMaterial = master.Seal(material, $"kms key {id}"),
            CreationDate = clock.GetUtcNow(),
        };
    }

    /// <summary>A new data key, plain and wrapped under a key.</summary>
    /// <exception cref="AwsException">DisabledException or KMSInvalidStateException.</exception>
    public Task<(byte[] Plain, byte[] Wrapped)> GenerateDataKey(
        Key key, IReadOnlyDictionary<string, string> encryptionContext, int bytes)
    {
        var plain = RandomNumberGenerator.GetBytes(bytes);
        return Task.FromResult((plain, Wrap(key, plain, encryptionContext)));
    }

    /// <summary>Encrypts under a key. What comes out names the key, so that <see cref="KeyOf"/> finds it
    /// again.</summary>
    /// <exception cref="AwsException">DisabledException or KMSInvalidStateException.</exception>
    public byte[] Wrap(Key key, ReadOnlySpan<byte> plain, IReadOnlyDictionary<string, string> encryptionContext)
    {
        key.EnsureUsable();
        var material = master.Open(key.SealedMaterial, key.MaterialContext);
        return Ciphertext.Seal(material, key.KeyId, plain, encryptionContext);
    }

    /// <summary>Decrypts what this key, or another replica of it, has encrypted under the same context.</summary>
    /// <exception cref="AwsException">DisabledException, KMSInvalidStateException; InvalidCiphertextException where
    /// key, context or bytes are not those of the encryption.</exception>
    public byte[] Unwrap(Key key, ReadOnlySpan<byte> wrapped, IReadOnlyDictionary<string, string> encryptionContext)
    {
        key.EnsureUsable();
        if (Ciphertext.KeyIdOf(wrapped) != key.KeyId)
            throw KmsError.InvalidCiphertext();
        try
        {
            return Ciphertext.Open(master.Open(key.SealedMaterial, key.MaterialContext), wrapped, encryptionContext);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw KmsError.InvalidCiphertext();
        }
    }

    /// <summary>The key of a ciphertext in a Region, whatever its account; null where there is none.</summary>
    public async Task<Key?> KeyOf(ReadOnlyMemory<byte> wrapped, string region, CancellationToken cancel) =>
        Ciphertext.KeyIdOf(wrapped.Span) is { } id
            ? await db.Keys.SingleOrDefaultAsync(k => k.Region == region && k.KeyId == id, cancel)
            : null;

    /// <summary>
    /// Whether a caller may use a key through EBS: the refusal, or null. Key policy, grants and the caller's own
    /// policies count; a caller of another account needs both sides. The key's state is not looked at.
    /// </summary>
    /// <param name="caller">For whom EBS would use the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="action">As IAM names it, e.g. <c>kms:Decrypt</c>.</param>
    public Task<AwsException?> MayUse(Caller caller, Key key, string action) =>
        MayUse(caller, key, action, new KeyAccess { ViaService = $"ec2.{key.Region}.amazonaws.com" }, call: null);

    /// <summary>Whether a caller may use a key under these circumstances: the refusal, or null.</summary>
    internal async Task<AwsException?> MayUse(Caller caller, Key key, string action, KeyAccess access, Call? call)
    {
        var request = new PolicyRequest
        {
            Action = action,
            Resource = key.Arn,
            Principal = await authorization.PrincipalOf(caller),
            Context = await ContextOf(caller, key, access, call),
        };
        var policy = PolicyDocument.Parse(key.Policy, PolicyKind.Resource).Decide(request);
        if (policy == Decision.Denied)
            return Refused("with an explicit deny in a resource-based policy");
        var own = await authorization.Decide(caller, request);
        if (own == Decision.Denied)
            return Refused("with an explicit deny in an identity-based policy");

        // A policy that names the principal itself, or a grant, suffices inside the account; one that names the
        // account hands the decision on to the account's own policies. Across accounts both sides have to agree.
        var granted = await IsGranted(request.Principal, key, action, access);
        var suffices = granted || (policy == Decision.Allowed && caller.AccountId == key.AccountId);
        if (suffices && await authorization.Narrow(caller, request, Decision.Allowed) == Decision.Allowed)
            return null;
        if (policy == Decision.Silent && !granted)
            return Refused($"because no resource-based policy allows the {action} action");
        return own == Decision.Allowed ? null
            : Refused(suffices ? $"because no session policy allows the {action} action"
                : $"because no identity-based policy allows the {action} action");

        AwsException Refused(string because) => KmsError.AccessDenied(caller.Arn, action, key.Arn, because);
    }

    /// <summary>
    /// The enabled replica of a multi-Region key in another Region, where there is one that the caller may use
    /// through EBS; else null.
    /// </summary>
    public async Task<Key?> ReplicaIn(Key key, string region, Caller caller, CancellationToken cancel = default)
    {
        if (!key.MultiRegion)
            return null;
        var replica = await db.Keys.FindAsync([Arn.Key(region, key.AccountId, key.KeyId)], cancel);
        return replica is { State: KeyState.Enabled }
            && await MayUse(caller, replica, "kms:GenerateDataKeyWithoutPlaintext") is null ? replica : null;
    }

    private async Task<bool> IsGranted(PolicyPrincipal principal, Key key, string action, KeyAccess access)
    {
        var root = $"arn:aws:iam::{principal.AccountId}:root";
        string[] names = [principal.Arn, principal.SessionArn ?? principal.Arn, root];
        var operation = action[(action.IndexOf(':', StringComparison.Ordinal) + 1)..];
        var grants = await db.Grants.AsNoTracking()
            .Where(g => g.KeyArn == key.Arn && names.Contains(g.GranteePrincipal)).ToListAsync();
        return grants.Exists(g => g.Covers(operation, access.Context)
            // Whoever may make grants by a grant cannot give more than it has.
            && (access.GrantOperations is not { } wanted
                || (g.ContextEquals is null && !wanted.Except(g.Operations).Any())));
    }

    private async Task<PolicyContext> ContextOf(Caller caller, Key key, KeyAccess access, Call? call)
    {
        var context = (await authorization.ContextOf(caller, key.Region, call))
            .Set("kms:CallerAccount", caller.AccountId)
            .Set("kms:KeySpec", "SYMMETRIC_DEFAULT")
            .Set("kms:KeyUsage", "ENCRYPT_DECRYPT")
            .Set("kms:KeyOrigin", "AWS_KMS")
            .Set("kms:MultiRegion", key.MultiRegion ? "true" : "false")
            .Set("aws:ResourceAccount", key.AccountId)
            .Set("kms:EncryptionContextKeys", [.. access.Context.Keys]);
        foreach (var (name, value) in access.Context)
            context.Set($"kms:EncryptionContext:{name}", value);
        foreach (var (name, value) in key.Tags)
            context.Set($"aws:ResourceTag/{name}", value);
        if (key.MultiRegion)
            context.Set("kms:MultiRegionKeyType", key.IsPrimary ? "PRIMARY" : "REPLICA");
        if (access.Alias is { } alias)
            context.Set("kms:RequestAlias", alias);
        if (access.GrantOperations is { } operations)
            context.Set("kms:GrantOperations", operations);
        if (access.GranteePrincipal is { } grantee)
            context.Set("kms:GranteePrincipal", grantee);
        if (access.ViaService is { } service)
            context.Set("kms:ViaService", service).Set("kms:GrantIsForAWSResource", "true");
        var aliases = await db.Aliases.AsNoTracking()
            .Where(a => a.Region == key.Region && a.TargetKeyId == key.KeyId).Select(a => a.Name).ToListAsync();
        return context.Set("kms:ResourceAliases", aliases);
    }
}
