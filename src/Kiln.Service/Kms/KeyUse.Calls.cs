using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Iam.Policies;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>What KMS's own operations share.</summary>
public sealed partial class KeyUse
{
    /// <summary>The key that a call names, whether or not the caller may use it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="name">What the caller gave.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <param name="aliases">Whether the operation takes aliases.</param>
    /// <exception cref="AwsException">NotFoundException.</exception>
    internal async Task<Key> Named(Call call, string name, CancellationToken cancel, bool aliases = true)
    {
        if (KeyName.Parse(name) is not { } parsed || (parsed.Alias is not null && !aliases))
            throw KmsError.InvalidKeyId(name);
        if (parsed.Region is { } region && region != call.Region)
            throw KmsError.InvalidArnRegion();
        if (await Find(call.AccountId, call.Region, name, cancel) is { } key)
        {
            if (db.ChangeTracker.HasChanges())
                await db.SaveChangesAsync(cancel);
            return key;
        }
        var owner = parsed.AccountId ?? call.AccountId;
        throw parsed.Alias is { } alias ? KmsError.AliasNotFound(Arn.Alias(call.Region, owner, alias))
            : KeyName.IsKeyId(parsed.KeyId!) ? KmsError.KeyNotFound(Arn.Key(call.Region, owner, parsed.KeyId!))
            : KmsError.InvalidKeyId(name);
    }

    /// <summary>The key of an operation that works on the caller's own keys alone, which it may do.</summary>
    /// <exception cref="AwsException">NotFoundException, AccessDeniedException.</exception>
    internal async Task<Key> Own(Call call, string name, CancellationToken cancel)
    {
        var key = await Named(call, name, cancel, aliases: false);
        if (key.AccountId != call.AccountId)
        {
            throw KmsError.AccessDenied(call.Caller.Arn, call.Action, key.Arn,
                "because the operation works on keys of the caller's own account only");
        }
        await Authorize(call, key);
        return key;
    }

    /// <summary>The key of a cryptographic operation: the caller may use it, and it can be used.</summary>
    /// <exception cref="AwsException">NotFoundException, AccessDeniedException, DisabledException,
    /// KMSInvalidStateException.</exception>
    internal async Task<Key> Usable(
        Call call, string name, IReadOnlyDictionary<string, string>? context, CancellationToken cancel,
        string? action = null)
    {
        var key = await Named(call, name, cancel);
        var access = new KeyAccess { Context = context ?? None, Alias = KeyName.Parse(name)!.Alias };
        await Authorize(call, key, access, action);
        key.EnsureUsable();
        return key;
    }

    /// <summary>The key that has made a ciphertext: the caller may use it, and it can be used.</summary>
    /// <exception cref="AwsException">InvalidCiphertextException, IncorrectKeyException, and as for a named
    /// key.</exception>
    internal async Task<Key> UsableFor(
        Call call, ReadOnlyMemory<byte> wrapped, string? name, IReadOnlyDictionary<string, string>? context,
        CancellationToken cancel, string? action = null)
    {
        if (Ciphertext.KeyIdOf(wrapped.Span) is not { } id)
            throw KmsError.InvalidCiphertext();
        if (name is not null)
        {
            var named = await Usable(call, name, context, cancel, action);
            return named.KeyId == id ? named : throw KmsError.Of("IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.");
        }
        var key = await KeyOf(wrapped, call.Region, cancel) ?? throw KmsError.Of("AccessDeniedException",
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or " +
            "you are not allowed to access.");
        await Authorize(call, key, new KeyAccess { Context = context ?? None }, action);
        key.EnsureUsable();
        return key;
    }

    /// <summary>Refuses a caller who may not do this with the key.</summary>
    /// <exception cref="AwsException">AccessDeniedException.</exception>
    internal async Task Authorize(Call call, Key key, KeyAccess? access = null, string? action = null)
    {
        if (await MayUse(call.Caller, key, action ?? call.Action, access ?? new KeyAccess(), call) is { } refusal)
            throw refusal;
    }

    /// <summary>Ends a dry run here, where everything has been checked and nothing has been done.</summary>
    /// <exception cref="AwsException">DryRunOperationException.</exception>
    internal static void EndDryRun(Call call)
    {
        if (call.DryRun)
        {
            throw KmsError.Of("DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.");
        }
    }

    /// <summary>All rows of a multi-Region key; empty for others.</summary>
    internal async Task<IReadOnlyList<Key>> Family(Key key, CancellationToken cancel) => key.MultiRegion
        ? await db.Keys.Where(k => k.AccountId == key.AccountId && k.KeyId == key.KeyId).ToListAsync(cancel)
        : [];

    /// <summary>Checks a key policy before it is put on a key.</summary>
    /// <param name="call">The call, whose caller must be able to change the policy again.</param>
    /// <param name="arn">The key's ARN.</param>
    /// <param name="text">The policy.</param>
    /// <param name="bypass">Whether the caller may lock itself out.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">MalformedPolicyDocumentException, LimitExceededException.</exception>
    internal async Task CheckPolicy(Call call, string arn, string text, bool bypass, CancellationToken cancel)
    {
        if (text.Length > PolicyLengthMax)
            throw KmsError.Of("LimitExceededException", $"A key policy may have {PolicyLengthMax} bytes at most.");
        PolicyDocument policy;
        try
        {
            policy = PolicyDocument.Parse(text, PolicyKind.Resource);
        }
        catch (PolicyException malformed)
        {
            throw KmsError.Of("MalformedPolicyDocumentException", malformed.Message);
        }
        if (await Principals.FirstMissing(db, policy, cancel) is not null)
        {
            throw KmsError.Of("MalformedPolicyDocumentException",
                "Policy contains a statement with one or more invalid principals.");
        }
        if (bypass)
            return;
        var decision = policy.Decide(new PolicyRequest
        {
            Action = "kms:PutKeyPolicy",
            Resource = arn,
            Principal = await authorization.PrincipalOf(call.Caller),
            Context = await authorization.ContextOf(call.Caller, call.Region, call),
        });
        if (decision is Decision.Silent or Decision.Denied)
        {
            throw KmsError.Of("MalformedPolicyDocumentException",
                "The new key policy will not allow you to update the key policy in the future.");
        }
    }

    /// <summary>The length of a data key, of which exactly one way to say it is given.</summary>
    /// <exception cref="AwsException">ValidationException.</exception>
    internal static int DataKeyBytes(int? bytes, DataKeySpec? spec) => (bytes, spec) switch
    {
        ({ } count, null) => count,
        (null, DataKeySpec.Aes128) => 16,
        (null, DataKeySpec.Aes256) => 32,
        _ => throw KmsError.Of("ValidationException", "Please specify either number of bytes or key spec."),
    };

    /// <summary>Refuses algorithms of asymmetric keys.</summary>
    /// <exception cref="AwsException">InvalidKeyUsageException.</exception>
    internal static void CheckAlgorithm(EncryptionAlgorithmSpec? algorithm)
    {
        if ((algorithm ?? EncryptionAlgorithmSpec.SymmetricDefault) != EncryptionAlgorithmSpec.SymmetricDefault)
        {
            throw KmsError.Of("InvalidKeyUsageException",
                "The algorithm is not valid for a key of spec SYMMETRIC_DEFAULT.");
        }
    }

    /// <summary>The ciphertext of a request.</summary>
    /// <exception cref="AwsException">ValidationException: there is none.</exception>
    internal static ReadOnlyMemory<byte> Required(ReadOnlyMemory<byte>? ciphertext) =>
        ciphertext ?? throw KmsError.Of("ValidationException",
            "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must not be " +
            "null");

    /// <summary>KMS's quota: 32 KiB.</summary>
    private const int PolicyLengthMax = 32_768;

    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();
}
