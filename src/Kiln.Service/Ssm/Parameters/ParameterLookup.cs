using System.Text;
using Kiln.Protocol.Errors;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Finds parameters, and seals and opens secure ones, for their operations and for launches.</summary>
public sealed class ParameterLookup(Db db, KeyUse keys)
{
    /// <summary>The version that a name means, or null.</summary>
    /// <exception cref="AwsException">ParameterVersionNotFound: there is the parameter, and not this
    /// version.</exception>
    public async Task<ParameterVersion?> Find(ParameterName name, Call call, CancellationToken cancel)
    {
        // Sharing parameters between accounts is not here: another account's are not there.
        if (name.AccountId != call.AccountId && name.AccountId != Publisher.AccountId)
            return null;
        var versions = db.ParameterVersions.AsNoTracking().Where(p =>
            p.AccountId == name.AccountId && p.Region == call.Region && p.Name == name.Name);
        if (name.Selector is null)
            return await versions.SingleOrDefaultAsync(p => p.IsCurrent, cancel);
        var all = await versions.ToListAsync(cancel);
        return all.Find(name.Selects) ?? (all.Count == 0 ? null
            : throw SsmError.ParameterVersionNotFound(name.Name, name.Selector[1..]));
    }

    /// <summary>The newest versions of the parameters that a caller lists: its own.</summary>
    public IQueryable<ParameterVersion> Current(string accountId, string region) => db.ParameterVersions.AsNoTracking()
        .Where(p => p.AccountId == accountId && p.Region == region && p.IsCurrent);

    /// <summary>A version as it is shown.</summary>
    /// <exception cref="AwsException">KMS's refusal where the caller may not use the key.</exception>
    public async Task<ParameterItem> Item(
        ParameterVersion version, bool decrypt, string? selector, Call call, CancellationToken cancel) => new()
    {
        Name = version.Name,
        Type = version.Type,
        Value = decrypt ? await Open(version, call, cancel) : version.Value,
        Version = version.Number,
        Selector = selector,
        LastModifiedDate = version.LastModifiedDate,
        ARN = version.Arn,
        DataType = version.DataType,
    };

    /// <summary>A version's value, decrypted for a caller who may.</summary>
    /// <exception cref="AwsException">AccessDeniedException, InvalidKeyId.</exception>
    public async Task<string> Open(ParameterVersion version, Call call, CancellationToken cancel)
    {
        if (version.Type != ParameterType.SecureString)
            return version.Value;
        var wrapped = Convert.FromBase64String(version.Value);
        var key = await keys.KeyOf(wrapped, version.Region, cancel) ?? throw SsmError.InvalidKeyId(version.KeyId!);
        var context = Context(version.Arn);
        if (await keys.MayUse(call.Caller, key, "kms:Decrypt", Access(context, call), call) is { } refusal)
            throw refusal;
        return Encoding.UTF8.GetString(keys.Unwrap(key, wrapped, context));
    }

    /// <summary>A value encrypted under a key that the caller may use, base64.</summary>
    /// <exception cref="AwsException">InvalidKeyId, AccessDeniedException, DisabledException.</exception>
    public async Task<string> Seal(string value, string keyId, string arn, Call call, CancellationToken cancel)
    {
        var key = await keys.Find(call.AccountId, call.Region, keyId, cancel) ?? throw SsmError.InvalidKeyId(keyId);
        var context = Context(arn);
        if (await keys.MayUse(call.Caller, key, "kms:Encrypt", Access(context, call), call) is { } refusal)
            throw refusal;
        return Convert.ToBase64String(keys.Wrap(key, Encoding.UTF8.GetBytes(value), context));
    }

    /// <summary>The value that a launch names by <c>resolve:ssm:</c>, with the caller's right to read it.</summary>
    /// <returns>Null where there is no such parameter or version.</returns>
    /// <exception cref="AwsException">The caller may not read it.</exception>
    public async Task<string?> ReadForLaunch(string text, Call call, CancellationToken cancel)
    {
        var name = ParameterName.Parse(text, call);
        var arn = Arn.Parameter(call.Region, name.AccountId, name.Name);
        if (!await call.MayAsync("ssm:GetParameters", arn))
            throw call.Denied("ssm:GetParameters", arn);
        try
        {
            return (await Find(name, call, cancel))?.Value;
        }
        catch (AwsException absent) when (absent.Code == "ParameterVersionNotFound")
        {
            return null;
        }
    }

    // So that a ciphertext is good for one parameter only, as Systems Manager has it.
    private static Dictionary<string, string> Context(string arn) => new() { ["PARAMETER_ARN"] = arn };

    private static KeyAccess Access(Dictionary<string, string> context, Call call) =>
        new() { Context = context, ViaService = $"ssm.{call.Region}.amazonaws.com" };
}
