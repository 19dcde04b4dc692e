using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks.Crypto;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Kms;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Makes data keys and opens them through KMS.</summary>
public sealed class DataKeys(Db db, KeyUse keys, KeyRing ring, TimeProvider clock)
{
    private static readonly byte[] SaltPurpose = Encoding.ASCII.GetBytes("kiln block addresses 1");

    /// <summary>The data key for new blocks of an account; made where there is none, saved with the caller's
    /// rows.</summary>
    /// <param name="key">The KMS key.</param>
    /// <param name="accountId">The account that will own the blocks.</param>
    /// <param name="region">Their Region, which is the KMS key's.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">DisabledException or KMSInvalidStateException: the KMS key is not
    /// usable.</exception>
    public async Task<DataKey> ForNew(Key key, string accountId, string region, CancellationToken cancel)
    {
        key.EnsureUsable();
        var made = db.DataKeys.Local.FirstOrDefault(
            k => k.KmsKeyArn == key.Arn && k.AccountId == accountId && k.Region == region)
            ?? await db.DataKeys.FirstOrDefaultAsync(
                k => k.KmsKeyArn == key.Arn && k.AccountId == accountId && k.Region == region, cancel);
        if (made is not null)
            return made;
        var id = Ids.New("dk");
        var (plain, wrapped) = await keys.GenerateDataKey(key, DataKey.ContextOf(id), KeyDomain.KeySize);
        CryptographicOperations.ZeroMemory(plain);
        made = new DataKey
        {
            Id = id,
            KmsKeyArn = key.Arn,
            AccountId = accountId,
            Region = region,
            Wrapped = wrapped,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Add(made);
        return made;
    }

    /// <summary>Opens a data key, asking KMS each time whether its key may still be used.</summary>
    /// <exception cref="AwsException">InvalidKmsKey.InvalidState: disabled, pending deletion or gone.</exception>
    public async Task<KeyDomain> Open(string dataKeyId, CancellationToken cancel)
    {
        var row = await db.DataKeys.AsNoTracking().SingleOrDefaultAsync(k => k.Id == dataKeyId, cancel)
            ?? throw Ec2Error.KmsKeyUnusable(dataKeyId, "its data key is not in the database.");
        var key = await db.Keys.AsNoTracking().SingleOrDefaultAsync(k => k.Arn == row.KmsKeyArn, cancel);
        try
        {
            if (key is null)
                throw Ec2Error.KmsKeyUnusable(row.KmsKeyArn, "it does not exist any more.");
            key.EnsureUsable();
            if (ring.Find(dataKeyId) is { } open)
                return open;
            var plain = keys.Unwrap(key, row.Wrapped, row.Context);
            try
            {
                var salt = HKDF.DeriveKey(HashAlgorithmName.SHA256, plain, 32, info: SaltPurpose);
                return ring.Add(new KeyDomain(dataKeyId, plain, salt));
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }
        }
        catch (AwsException refusal)
        {
            ring.Drop(dataKeyId);
            throw refusal.Code == "InvalidKmsKey.InvalidState"
                ? refusal : Ec2Error.KmsKeyUnusable(row.KmsKeyArn, refusal.Message);
        }
    }

    /// <summary>Opens a data key where there is one: null for clear blocks.</summary>
    /// <exception cref="AwsException">InvalidKmsKey.InvalidState.</exception>
    public async Task<KeyDomain?> OpenOrClear(string? dataKeyId, CancellationToken cancel) =>
        dataKeyId is null ? null : await Open(dataKeyId, cancel);
}
