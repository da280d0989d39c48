{* The ERP's confirmation of one order, beside the order in the back office. *}
<div class="card mt-2" id="erpsync-confirmation">
  <div class="card-header">
    <h3 class="card-header-title">{l s='ERP' mod='erpsync'}</h3>
  </div>
  <div class="card-body">
    {if $erpsync_confirmation}
      <p class="mb-1"><strong>{$erpsync_confirmation.erp|escape:'html':'UTF-8'}</strong> {$erpsync_confirmation.erp_ref|escape:'html':'UTF-8'}</p>
      <p class="mb-1">{l s='Key in the ERP' mod='erpsync'}: {$erpsync_confirmation.external_id|escape:'html':'UTF-8'}</p>
      <p class="mb-0">{l s='Confirmed' mod='erpsync'}: {$erpsync_confirmation.confirmed_at|truncate:19:'':true|escape:'html':'UTF-8'} UTC</p>
    {else}
      <p class="mb-0">{l s='not yet in the ERP' mod='erpsync'}</p>
    {/if}
  </div>
</div>
